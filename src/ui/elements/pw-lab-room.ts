import "@xterm/xterm/css/xterm.css";
import "../lab-room.css";
import { LabRoomElement } from "../lab-room-element.ts";

customElements.define("pw-lab-room", LabRoomElement);
