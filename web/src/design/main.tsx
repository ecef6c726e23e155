// The designer's page: sign in, choose a route, work on its map. It draws from the public API, and map tiles only where the operator has
// chosen a source.
import "../shared/trusted";
import "../shared/base.css";
import "maplibre-gl/dist/maplibre-gl.css";
import "./design.css";
import "./map/map.css";
import "./form/form.css";
import "./panels/panels.css";
import "./narrow.css";
import { render } from "preact";
import { refresh } from "../shared/session";
import { App } from "./App";

const root = document.getElementById("app");
if (root) refresh().finally(() => render(<App />, root));
