# step: bridge
s1$ ip link add br0 type bridge
s1$ ip link set br0 up
# step: ports
s1$ for p in eth1 eth2 eth3; do ip link set $p master br0; ip link set $p up; done
# step: ageing
s1$ ip link set br0 type bridge ageing_time ${age}00
# step: address
s1$ ip addr add ${lan.cidr(254)} dev br0
