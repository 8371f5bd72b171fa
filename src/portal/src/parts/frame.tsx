// What is around every page: where to go, who is signed in, whether the page is live, and which moment it shows.

import { type ReactNode, useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { streamState } from "../api/live";
import { useStore } from "../logic/store";
import { leave } from "../session/credential";
import { useMay, useUser } from "../session/user";
import { useAt } from "../time/as-of";
import { PastBanner, TimeTravel } from "../time/travel";
import { Announcer } from "./announcer";
import { NavItem } from "./link";
import { Operations } from "./operations";
import { ThemeSwitch } from "./theme";

export function Frame({ children }: { children: ReactNode }) {
  const user = useUser();
  const may = useMay();
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <span className="brand">Conncentric</span>
        <nav aria-label="Pages">
          <NavItem to="/">Overview</NavItem>
          <NavItem to="/adapters">Adapters</NavItem>
          <NavItem to="/pods">Pods</NavItem>
          <NavItem to="/events">Events</NavItem>
          <NavItem to="/maintenance">Maintenance</NavItem>
          <NavItem to="/artifacts">Artifacts</NavItem>
          <NavItem to="/plugins">Plugins</NavItem>
          {may.administer && <NavItem to="/access-tokens">Access tokens</NavItem>}
        </nav>
        <div className="tools">
          <Connection />
          <TimeTravel />
          <ThemeSwitch />
          <span className="who">
            {user.name} <span className="quiet">({user.role})</span>
          </span>
          <button type="button" onClick={() => leave()}>
            Sign out
          </button>
        </div>
      </header>
      <PastBanner />
      <Main>{children}</Main>
      <Operations />
      <Announcer />
    </>
  );
}

/** Who goes to another page with the keyboard is at its beginning. */
function Main({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else main.current?.focus();
  }, [path]);
  return (
    <main id="main" ref={main} tabIndex={-1}>
      {children}
    </main>
  );
}

const CONNECTION = {
  connecting: ["◌", "Connecting", "waiting"],
  connected: ["●", "Live", "fine"],
  reconnecting: ["◌", "Reconnecting", "broken"],
} as const;

function Connection() {
  const state = useStore(streamState);
  const past = useAt() !== null;
  const [sign, word, look] = CONNECTION[state];
  return (
    <span className={`connection ${look}`} role="status" data-state={state}>
      <span aria-hidden="true">{sign}</span> {word}
      {past && state === "connected" ? <span className="quiet"> (showing the past)</span> : null}
    </span>
  );
}
