import "../film.css";
import { MiniNetElement } from "../mini-net-element.ts";

customElements.define("pw-mini-net", MiniNetElement);
