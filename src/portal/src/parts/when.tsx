// A moment, with all of it on demand.

import { moment } from "../logic/when";

export function When({ time }: { time: string | null | undefined }) {
  if (time == null) return <span className="quiet">–</span>;
  return (
    <time dateTime={time} title={time} className="number">
      {moment(time)}
    </time>
  );
}
