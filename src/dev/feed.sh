trap 'kill $! 2>/dev/null; exit 0' TERM
echo '{"status":"ACTIVE"}'
n=0
while :; do
    n=$((n + 1))
    echo '{"log":{"level":"info","category":"connection","message":"feed entry '$n' under token '"${CONNCENTRIC_FENCING_TOKEN-}"'"}}' || exit
    sleep 5 &
    wait $!
done
