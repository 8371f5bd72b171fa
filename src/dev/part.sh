#!/bin/sh
# Starts @NAME@ with the flags that `conncentric dev` gave it. By hand: it goes on in the background, with the same log.
pid_file=@PID_FILE@
log=@LOG@

# A process that has ended and that nobody has reaped still takes signals.
runs() {
    state=$(ps -o stat= -p "$1" 2>/dev/null) && [ -n "$state" ] && [ "${state#Z}" = "$state" ]
}

if [ "${1-}" != --attached ]; then
    if [ -s "$pid_file" ] && runs "$(cat "$pid_file")"; then
        echo "@NAME@ runs already as pid $(cat "$pid_file")" >&2
        exit 1
    fi
    nohup /bin/sh "$0" --attached </dev/null >/dev/null 2>&1 &
    # As a whole: whoever reads it must not find it empty.
    echo $! >"$pid_file.new" && mv "$pid_file.new" "$pid_file"
    echo "@NAME@ runs as pid $!"
    exit 0
fi

# Settings of whoever starts it are not its own.
for variable in $(env | sed -n 's/^\(CONNCENTRIC_[A-Z0-9_]*\)=.*/\1/p; s/^\(PG[A-Z0-9]*\)=.*/\1/p'); do
    unset "$variable"
done
unset DATABASE_URL
@EXPORTS@
exec @PROGRAM@ @ARGUMENTS@ </dev/null >>"$log" 2>&1
