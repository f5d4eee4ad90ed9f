# Tells all that a call can find out of what was before it.
for place in /sim /tmp /dev/shm /dev/mqueue; do
    stat -c '%n %a %u %g %h %s' $place
    [ $(($(date +%s) - $(stat -c %Y $place))) -lt 600 ] && echo of late
    find $place -mindepth 1 | sort
done
getfattr -d /sim 2>/dev/null
tail -n +1 /proc/sysvipc/*
cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null | grep -v local_address
for task in /proc/[0-9]*/task/*; do
    [ "${task%%/task*}" = /proc/$$ ] && continue
    # Who makes a process blocks all signals for a moment.
    for _ in 1 2 3 4 5; do grep -q '^SigBlk:.fffffff' $task/status 2>/dev/null && sleep 0.1; done
    nice=$(sed 's/.*) //' $task/stat 2>/dev/null | cut -d' ' -f17)
    grep -E '^(Name|Uid|Gid|Groups|CapPrm|NoNewPrivs|SigBlk|SigIgn|Cpus_allowed):' $task/status 2>/dev/null | tr '\n\t' '  '
    echo "nice $nice, badness $(cat ${task%%/task*}/oom_score_adj)"
done | grep -vE 'Name: (grep|sed|cut|tr|cat|sort|uniq|sh) ' | sort | uniq -c
env | sort
ulimit -a
