// The head of a page: its title, also in the browser's tab, and what stands beside it.

import { type ReactNode, useEffect } from "react";

export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} – Conncentric`;
  }, [title]);
  return (
    <div className="page-head">
      <h1>{title}</h1>
      {children}
    </div>
  );
}
