import { say } from "../shared/i18n";
import { LangSwitch } from "../shared/LangSwitch";
import { session, signOut } from "../shared/session";
import { close, content, save, trouble } from "./store";
import { mistake } from "./words/mistakes";

/** Who is signed in, the way out, and the other language. */
export function Account() {
  const leave = async () => {
    if (content.value && !(await save())) return;
    try {
      await signOut();
      close();
    } catch (error) {
      trouble.value = mistake(error);
    }
  };
  return (
    <div class="row account">
      <span class="soft clip">{session.value?.name}</span>
      <LangSwitch />
      <button type="button" class="quiet" onClick={leave}>
        {say("退出", "Sign out")}
      </button>
    </div>
  );
}
