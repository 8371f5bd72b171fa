// Who is signed in, and what may be offered to them. The server refuses the rest whatever is offered.

import { createContext, type ReactNode, useContext } from "react";
import type { WhoAmI } from "../api/types";
import { useAt } from "../time/as-of";

const User = createContext<WhoAmI | null>(null);

export function UserProvider({ user, children }: { user: WhoAmI; children: ReactNode }) {
  return <User value={user}>{children}</User>;
}

export function useUser(): WhoAmI {
  const user = useContext(User);
  if (user === null) throw new Error("nobody is signed in");
  return user;
}

/** What may be done on this page now; while the past is shown, nothing. Access tokens are always those of now. */
export function useMay(): { operate: boolean; configure: boolean; administer: boolean } {
  const { role } = useUser();
  const now = useAt() === null;
  return { operate: now && (role === "operator" || role === "admin"), configure: now && role === "admin", administer: role === "admin" };
}
