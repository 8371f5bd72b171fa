// The newest actions of a session and what became of each.

import { useActions } from "../api/configuration";
import { ActionBadge } from "./badges";
import { Heads } from "./heads";
import { Go } from "./link";
import { When } from "./when";

/** How many are shown. The rest is in the event log. */
const SHOWN = 10;

export function ActionsOf({ session }: { session: string }) {
  const actions = useActions(session, SHOWN);
  if (actions.error !== null) return <p className="problem">{actions.error.message}</p>;
  const all = actions.data ?? [];
  if (all.length === 0) return null;
  return (
    <details className="owners">
      <summary>{all.length === SHOWN ? `The last ${SHOWN} actions` : all.length === 1 ? "1 action" : `${all.length} actions`}</summary>
      <table aria-label={`Actions of ${session}, newest first`} className="actions">
        <Heads titles={["Time", "Action", "Parameters", "State", "Said", "By"]} />
        <tbody>
          {all.map((action) => (
            <tr key={action.action_id}>
              <td>
                <Go to="/events" query={{ session, position: action.action_id }}>
                  <When time={action.ordered_at} />
                </Go>
              </td>
              <td>{action.action}</td>
              <td>
                <code>{JSON.stringify(action.parameters)}</code>
              </td>
              <td>
                <ActionBadge state={action.state} />
              </td>
              <td title={action.message ?? undefined}>{action.message}</td>
              <td title={action.ordered_by}>{action.ordered_by}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
