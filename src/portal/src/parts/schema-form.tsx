// A form made from a JSON Schema. What it cannot show as a simple field is a field of YAML, so nothing is out of reach.

import { type ChangeEvent, useId, useState } from "react";
import { about, type Remark } from "../logic/remarks";
import { exampleOf, type Kind, kindOf, memberOf, type Schema, textOf, valueOf, withMember } from "../logic/schema";

export interface Remarks {
  problems: readonly Remark[];
  warnings: readonly Remark[];
}

interface Part {
  schema: Schema;
  value: unknown;
  change: (value: unknown) => void;
  /** Where it is in the document, as the server names it. */
  path: string;
  remarks: Remarks;
  /** A text that means no value keeps the form from being sent. Null: it does again. */
  broken: (path: string, problem: string | null) => void;
}

/** The members of an object, each as its field. */
export function SchemaFields({ schema, value, change, path, remarks, broken }: Part) {
  const members = Object.entries(schema.properties ?? {});
  return (
    <>
      {members.map(([name, member]) => (
        <Field
          key={name}
          name={name}
          schema={member}
          required={schema.required?.includes(name) ?? false}
          value={memberOf(value, name)}
          change={(next) => change(withMember(value, name, next))}
          path={path === "" ? name : `${path}.${name}`}
          remarks={remarks}
          broken={broken}
        />
      ))}
    </>
  );
}

function Field({ name, required, ...part }: Part & { name: string; required: boolean }) {
  // What kind it is does not change while somebody writes in it.
  const [kind] = useState(() => kindOf(part.schema, part.value));
  const title = part.schema.title ?? name;
  if (kind !== "group") return <Input {...part} kind={kind} title={title} required={required} />;
  return (
    <fieldset>
      <legend>{title}</legend>
      {part.schema.description !== undefined && <p className="quiet small">{part.schema.description}</p>}
      <SchemaFields {...part} />
    </fieldset>
  );
}

/** How high a field of several lines is. */
const ROWS = { fewest: 2, most: 12 } as const;

function Input({ schema, value, change, path, remarks, broken, kind, title, required }: Part & { kind: Kind; title: string; required: boolean }) {
  const field = useId();
  const [text, setText] = useState(() => textOf(kind, value));
  const [wrong, setWrong] = useState<string | null>(null);
  const problems = wrong === null ? about(path, remarks.problems) : [{ field: path, message: wrong }];
  const warnings = about(path, remarks.warnings);
  const write = (next: string) => {
    setText(next);
    try {
      change(valueOf(kind, next));
      say(null);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  };
  const say = (problem: string | null) => {
    setWrong(problem);
    broken(path, problem);
  };
  const control = {
    id: field,
    value: text,
    "aria-invalid": problems.length > 0,
    "aria-describedby": `${field}-about`,
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>) => write(event.target.value),
  };
  return (
    <div className="field">
      <label htmlFor={field}>
        {title}
        {required && <span className="quiet"> (needed)</span>}
      </label>
      <Control kind={kind} schema={schema} control={control} />
      <div id={`${field}-about`} className="small">
        {schema.description !== undefined && <p className="quiet">{schema.description}</p>}
        {HINTS[kind] !== undefined && <p className="quiet">{HINTS[kind]}</p>}
        {problems.map((remark) => (
          <p key={remark.field + remark.message} className="problem">
            {remark.field === path ? "" : `${remark.field}: `}
            {remark.message}
          </p>
        ))}
        {warnings.map((remark) => (
          <p key={remark.field + remark.message} className="warning">
            ⚠ {remark.field === path ? "" : `${remark.field}: `}
            {remark.message}
          </p>
        ))}
      </div>
    </div>
  );
}

const HINTS: Partial<Record<Kind, string>> = { lines: "One a line.", pairs: "NAME=value, one a line." };

interface ControlProps {
  kind: Kind;
  schema: Schema;
  control: {
    id: string;
    value: string;
    "aria-invalid": boolean;
    "aria-describedby": string;
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>) => void;
  };
}

function Control({ kind, schema, control }: ControlProps) {
  const placeholder = exampleOf(kind, schema);
  switch (kind) {
    case "boolean":
    case "choice": {
      const options = kind === "boolean" ? ["true", "false"] : (schema.enum ?? []).map(String);
      const unset = schema.default === undefined ? "not set" : `as usual (${String(schema.default)})`;
      return (
        <select {...control}>
          <option value="">{unset}</option>
          {options.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </select>
      );
    }
    case "lines":
    case "pairs":
    case "raw": {
      const count = Math.max(control.value.split("\n").length, kind === "raw" ? 1 : ROWS.fewest);
      return <textarea {...control} rows={Math.min(count, ROWS.most)} spellCheck={false} placeholder={placeholder} />;
    }
    default:
      return <input {...control} inputMode={kind === "number" ? "text" : undefined} autoComplete="off" spellCheck={false} placeholder={placeholder} />;
  }
}
