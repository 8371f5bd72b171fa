// A question about one thing: what would happen, what went wrong, and the two ways out.

import { useMutation } from "@tanstack/react-query";
import type { FormEvent, ReactNode } from "react";
import { Answers, Dialog } from "./dialog";

interface Props {
  title: string;
  confirm: string;
  send: () => Promise<unknown>;
  /** `sent`: it was done. */
  close: (sent: boolean) => void;
  children: ReactNode;
}

export function AskOnce({ title, confirm, send, close, children }: Props) {
  const sending = useMutation({ mutationFn: send, onSuccess: () => close(true) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    sending.mutate();
  };
  return (
    <Dialog title={title} close={() => close(false)}>
      <form onSubmit={submit}>
        {children}
        <Answers problem={sending.error} busy={sending.isPending} confirm={confirm} close={() => close(false)} />
      </form>
    </Dialog>
  );
}
