# A program that knows nothing of leases: it writes to the witness for as long as it lives.
line() { echo "$1 session=$CONNCENTRIC_SESSION token=$CONNCENTRIC_FENCING_TOKEN pod=$CONNCENTRIC_POD" >&3; }
# An orderly stop takes it longer than others need to start, and it still writes.
trap 'for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do line KEEPALIVE; read -r -t 0.03 <> <(:); done; line LOGOUT; exit 0' TERM
while true; do
    if exec 3<>"/dev/tcp/$WITNESS_HOST/$WITNESS_PORT" && line LOGIN && read -r -t 2 answer <&3 && [ "$answer" = OK ]; then
        echo '{"status":"ACTIVE"}'
        while line KEEPALIVE; do
            # The witness answers a keep-alive only to refuse it; and this is how a shell waits.
            read -r -t 0.05 answer <&3
            case $? in 0) break ;; 1) break ;; esac
        done
    fi
    echo '{"status":"ERROR","reason":"the witness does not take it"}'
    read -r -t 0.2 <> <(:)
done
