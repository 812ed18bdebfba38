/** Light, dark, or as the system has it. */
import { useState } from "preact/hooks";

const KEY = "streamgauge.theme";
const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const kept = localStorage.getItem(KEY);
let now: Theme = THEMES.find((one) => one === kept) ?? "system";
apply();

function apply(): void {
  if (now === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = now;
}

export function ThemeButton() {
  const [theme, setTheme] = useState(now);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] as Theme;
  return (
    <button
      type="button"
      class="quiet"
      aria-label={`Colours: ${theme}. Change to ${next}.`}
      onClick={() => {
        now = next;
        localStorage.setItem(KEY, next);
        apply();
        setTheme(next);
        dispatchEvent(new Event("themechange"));
      }}
    >
      <span aria-hidden="true">{theme === "system" ? "◐" : theme === "light" ? "☀" : "☾"}</span>
    </button>
  );
}
