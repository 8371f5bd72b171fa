// Sending a file, with how far it is. What breaks off or is stopped leaves nothing behind.

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { LARGEST, upload } from "../api/upload";
import { size } from "../logic/files";
import { Answers, Dialog } from "./dialog";

export interface Chosen {
  file: File;
  name: string;
  form: FormData;
}

interface Props {
  title: string;
  confirm: string;
  /** What the name belongs to: it is a new version of that. Null: the name is asked for. */
  name: string | null;
  /** A name for a file, as long as nobody has written one. */
  suggest: (file: string) => string;
  accept?: string;
  note: string;
  path: (name: string) => string;
  headers: (chosen: Chosen) => Readonly<Record<string, string>>;
  done: (name: string, answer: unknown) => void;
  close: () => void;
  /** More fields. */
  children?: ReactNode;
}

export function AskUpload({ title, confirm, name, suggest, accept, note, path, headers, done, close, children }: Props) {
  const field = useId();
  const [file, setFile] = useState<File | null>(null);
  const [written, write] = useState<string | null>(null);
  const [sent, setSent] = useState(0);
  const stop = useRef<AbortController | null>(null);
  const given = name ?? written ?? (file === null ? "" : suggest(file.name));
  const send = useMutation({
    mutationFn: (chosen: Chosen) => {
      stop.current = new AbortController();
      setSent(0);
      return upload({ path: path(chosen.name), file: chosen.file, headers: headers(chosen), progress: setSent, signal: stop.current.signal });
    },
    onSuccess: (answer, chosen) => done(chosen.name, answer),
  });
  // Whoever goes away stops it: nobody would hear how it ended.
  useEffect(() => () => stop.current?.abort(), []);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (file !== null) send.mutate({ file, name: given.trim(), form: new FormData(event.currentTarget) });
  };
  const tooLarge = file !== null && file.size > LARGEST;
  return (
    <Dialog title={title} close={close}>
      <form onSubmit={submit}>
        <p className="quiet">{note}</p>
        <label htmlFor={`${field}-file`}>File</label>
        <input id={`${field}-file`} type="file" accept={accept} required onChange={(event) => setFile(event.target.files?.[0] ?? null)} />
        {name === null && (
          <>
            <label htmlFor={`${field}-name`}>Name</label>
            <input id={`${field}-name`} value={given} onChange={(event) => write(event.target.value)} maxLength={63} autoComplete="off" spellCheck={false} required />
          </>
        )}
        {children}
        {file !== null && (
          <p role="status" className={tooLarge ? "problem" : "quiet"}>
            {tooLarge ? `${size(file.size)} is too large: 64 MiB is the most.` : send.isPending ? `${size(sent)} of ${size(file.size)} sent` : size(file.size)}
          </p>
        )}
        {send.isPending && file !== null && <progress value={sent} max={Math.max(1, file.size)} aria-label={`${file.name} is being sent`} />}
        <Answers problem={send.error} busy={send.isPending} confirm={confirm} close={close} disabled={file === null || tooLarge || given.trim() === ""} />
      </form>
    </Dialog>
  );
}
