// A row of small bars: one number over time.

/** `slots`: how many there is room for; fewer stand at the right end. Beyond `high` they are red. */
export function Sparkline({ values, slots, label, high }: { values: readonly number[]; slots: number; label: string; high: number }) {
  const top = Math.max(high, ...values, 1);
  const width = 100 / Math.max(values.length, slots);
  const empty = Math.max(0, slots - values.length);
  return (
    <svg className="sparkline" width="100%" height="22" role="img" aria-label={label}>
      <title>{label}</title>
      {values.map((value, index) => {
        const height = Math.max(1, (value / top) * 20);
        return <rect key={index} className={value > high ? "late" : "fine"} x={`${(empty + index) * width}%`} width={`${width * 0.8}%`} y={22 - height} height={height} />;
      })}
    </svg>
  );
}
