import { render } from "preact";
import { App } from "./app";
import "uplot/dist/uPlot.min.css";
import "./style.css";

const page = document.getElementById("page");
if (page) {
  page.replaceChildren();
  render(<App />, page);
}
