# Runs as the first process of new mount and process namespaces: LAYER SHARED PORT.
# It stacks the layer over the system's directories, and over both a file system in memory for the server's writes.
# SHARED, a directory of the test, becomes /mnt/interop.
set -euo pipefail
layer=$1 shared=$2 port=$3
mount -t tmpfs -o mode=0755 tmpfs /mnt
mkdir /mnt/interop
mount --bind "$shared" /mnt/interop
for d in etc home usr var; do
	mkdir -p "/mnt/written/$d" "/mnt/work/$d"
	mount -t overlay overlay -o "lowerdir=$layer/$d:/$d,upperdir=/mnt/written/$d,workdir=/mnt/work/$d" "/$d"
done
mount -t tmpfs -o mode=0755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -m 1777 /run/lock
cd /
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
unset TMPDIR

exec 4>&1 1>&2 # answers go to 4, and the server's output to the log
. /mnt/interop/settings.sh
. /mnt/interop/recipe.sh
start </dev/null 4>&-
until (exec 5<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.05; done # the test knows when it has waited for too long
echo ready >&4
while read -r name; do
	if deliver "/mnt/interop/$name" </dev/null 4>&-; then echo 'done' >&4; else echo 'failed' >&4; fi
done
