// The visitor's page. It asks this origin only, and works on with what the phone has when nobody answers.
import "../shared/trusted";
import "../shared/base.css";
import "./visitor.css";
import { render } from "preact";
import { App } from "./app";
import { followContent } from "./content";
import { followIfAllowed } from "./position";
import { startQueue } from "./queue";
import { startTaking } from "./taking";

const root = document.getElementById("app");
if (root) render(<App />, root);
followContent();
startQueue();
startTaking();
void followIfAllowed();
