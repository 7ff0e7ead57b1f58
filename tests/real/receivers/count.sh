# count.sh ID FILE: how many lines of FILE are ID, as JSON.
echo "{\"effects\": $(grep -c -x -F -e "$1" "$2" 2>/dev/null || true)}" | sed 's/: }/: 0}/'
