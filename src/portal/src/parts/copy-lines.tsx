// The same from the command line, to copy.

import { useState } from "react";

export interface Line {
  label: string;
  text: string;
}

export function CopyLines({ lines }: { lines: readonly Line[] }) {
  return (
    <details className="copy-lines">
      <summary>The same on the command line</summary>
      {lines.map((line) => (
        <CopyLine key={line.label} {...line} />
      ))}
      <p className="quiet small">
        Both read the access token from the environment: <code>export CONNCENTRIC_TOKEN=…</code>
      </p>
    </details>
  );
}

export function CopyLine({ label, text }: Line) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    // Only pages that came over TLS or from this machine may use the clipboard; elsewhere the line is there to be selected.
    if (!("clipboard" in navigator)) return;
    await navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <div className="copy-line">
      <span className="quiet">{label}</span>
      <code tabIndex={0}>{text}</code>
      <button type="button" onClick={() => void copy()} aria-label={`Copy the line for ${label}`}>
        {copied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}
