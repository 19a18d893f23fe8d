import "../film.css";
import { FigureElement } from "../figure-element.ts";

customElements.define("pw-figure", FigureElement);
