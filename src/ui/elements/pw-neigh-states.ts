import "../film.css";
import "../neigh-states.css";
import { NeighStatesElement } from "../neigh-states-element.ts";

customElements.define("pw-neigh-states", NeighStatesElement);
