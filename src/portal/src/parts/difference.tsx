// Two texts, line by line: what goes and what comes, each with its sign.

import { diffLines } from "diff";

/** Unchanged lines that are shown around a change. */
const CONTEXT = 3;

export function Difference({ before, after, label }: { before: string; after: string; label: string }) {
  const parts = diffLines(before, after);
  return (
    <pre className="difference" aria-label={label} role="region" tabIndex={0}>
      {parts.flatMap((part, index) => {
        const sign = part.added ? "+" : part.removed ? "−" : " ";
        const className = part.added ? "added" : part.removed ? "removed" : "same";
        const lines = part.value.replace(/\n$/, "").split("\n");
        const shown = part.added || part.removed ? lines : shortened(lines, index === 0, index === parts.length - 1);
        return shown.map((line, number) => (
          <span key={`${index} ${number}`} className={className}>
            {line === null ? "⋯" : `${sign} ${line}`}
            {"\n"}
          </span>
        ));
      })}
    </pre>
  );
}

/** What did not change, without its middle (null). */
function shortened(lines: readonly string[], first: boolean, last: boolean): readonly (string | null)[] {
  const [head, tail] = [first ? 0 : CONTEXT, last ? 0 : CONTEXT];
  if (lines.length <= head + tail + 1) return lines;
  return [...lines.slice(0, head), null, ...lines.slice(lines.length - tail)];
}
