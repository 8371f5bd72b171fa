// Light, dark, or as the machine has it.

import { store, useStore } from "../logic/store";

const KEY = "conncentric.theme";
const CHOICES = ["system", "light", "dark"] as const;
type Theme = (typeof CHOICES)[number];

function remembered(): Theme {
  try {
    return CHOICES.find((choice) => choice === localStorage.getItem(KEY)) ?? "system";
  } catch {
    return "system";
  }
}

const theme = store<Theme>(remembered());

export function applyTheme(): void {
  document.documentElement.dataset["theme"] = theme.get();
}

function choose(next: Theme): void {
  theme.set(next);
  applyTheme();
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Then it holds for this page.
  }
}

export function ThemeSwitch() {
  const now = useStore(theme);
  return (
    <label className="theme">
      <span className="quiet">Theme</span>
      <select value={now} onChange={(event) => choose(event.target.value as Theme)}>
        {CHOICES.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    </label>
  );
}
