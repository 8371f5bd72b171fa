// Enable, disable: how many are meant and why is asked first.

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useId } from "react";
import { post } from "../api/client";
import { Answers, Dialog } from "./dialog";
import { watchOperation } from "./operations";

/** Names that are shown before the rest is only counted. */
const SHOWN = 12;

export function Names({ names }: { names: readonly string[] }) {
  const rest = names.length - SHOWN;
  return (
    <p className="names">
      {names.slice(0, SHOWN).join(", ")}
      {rest > 0 ? ` and ${rest} more` : ""}
    </p>
  );
}

export const adapters = (count: number): string => (count === 1 ? "1 adapter" : `${count} adapters`);

export function Reason({ required = false }: { required?: boolean }) {
  const field = useId();
  return (
    <>
      <label htmlFor={field}>Reason{required ? "" : " (kept in the log)"}</label>
      <input id={field} name="reason" autoComplete="off" maxLength={500} required={required} />
    </>
  );
}

export const reasonOf = (form: HTMLFormElement): string | null => String(new FormData(form).get("reason") ?? "").trim() || null;

interface AboutMany {
  /** What happens to the adapters, and is watched until it is done. */
  kind: "enable" | "disable";
  names: readonly string[];
  title: string;
  confirm: string;
  note?: string;
  send: (reason: string | null) => Promise<unknown>;
  close: (sent: boolean) => void;
}

/** Something that is done to many adapters at once. */
export function AskAboutMany({ kind, names, title, confirm, note, send, close }: AboutMany) {
  const sending = useMutation({
    mutationFn: send,
    onSuccess: () => {
      watchOperation({ kind, names });
      close(true);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    sending.mutate(reasonOf(event.currentTarget));
  };
  return (
    <Dialog title={title} close={() => close(false)}>
      <form onSubmit={submit}>
        <Names names={names} />
        {note !== undefined && <p className="quiet">{note}</p>}
        <Reason />
        <Answers problem={sending.error} busy={sending.isPending} confirm={confirm} close={() => close(false)} />
      </form>
    </Dialog>
  );
}

export function AskSetEnabled({ kind, names, close }: Pick<AboutMany, "kind" | "names" | "close">) {
  const send = (reason: string | null) =>
    post(kind === "enable" ? "/v1/adapters/enable" : "/v1/adapters/disable", { body: reason === null ? { names } : { names, reason } });
  const about = { kind, names, send, close };
  return kind === "enable" ? (
    <AskAboutMany {...about} title={`Enable ${adapters(names.length)}?`} confirm="Enable" />
  ) : (
    <AskAboutMany
      {...about}
      title={`Disable ${adapters(names.length)}?`}
      confirm="Disable"
      note="Their sessions close in order. Nothing takes them over until they are enabled again."
    />
  );
}
