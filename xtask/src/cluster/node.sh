# A machine of the cluster: the first process of its namespaces, and what starts dockerd again, as an init system does.
# Arguments: host name, folder for /run, folder to keep, profile of system calls.
set -e
hostname "$1"
mount --make-rprivate /
mount -t proc proc /proc
# No registry is reached from here, and a look for one that fails at once delays nothing.
: > "$3/resolv.conf"
mount --bind "$3/resolv.conf" /etc/resolv.conf
mount --bind "$3/docker" /var/lib/docker
mount --bind "$2" /run
while :; do
    rm -f /run/docker.pid
    dockerd --host unix:///run/docker.sock --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$1" \
        --seccomp-profile "$4" --no-new-privileges >> "$3/dockerd.log" 2>&1 || :
    sleep 1
done
