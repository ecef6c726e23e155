import "../shared/base.css";
import { render } from "preact";
import { say } from "../shared/i18n";
import { LangSwitch } from "../shared/LangSwitch";

function App() {
  return (
    <main>
      <h1>{say("研学路线", "Study routes")}</h1>
      <LangSwitch />
    </main>
  );
}

const root = document.getElementById("app");
if (root) render(<App />, root);
