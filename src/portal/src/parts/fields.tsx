// Fields of filters.

export function Choice({ label, value, options, change, any = "any" }: { label: string; value: string; options: readonly string[]; change: (value: string) => void; any?: string | null }) {
  // What the address asks for is shown even if nothing is like that now.
  const all = value === "" || options.includes(value) ? options : [...options, value];
  return (
    <label>
      <span>{label}</span>
      <select value={value} onChange={(event) => change(event.target.value)}>
        {any !== null && <option value="">{any}</option>}
        {all.map((option) => (
          <option key={option} value={option}>
            {option.replace("_", " ")}
          </option>
        ))}
      </select>
    </label>
  );
}

export function TextField({ label, value, placeholder, change, type = "search" }: { label: string; value: string; placeholder?: string; change: (value: string) => void; type?: string }) {
  return (
    <label>
      <span>{label}</span>
      <input type={type} step={type === "datetime-local" ? 1 : undefined} value={value} placeholder={placeholder} autoComplete="off" spellCheck={false} onChange={(event) => change(event.target.value)} />
    </label>
  );
}
