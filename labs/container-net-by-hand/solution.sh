# step: bridge
host$ ip link add docker0 type bridge
host$ ip addr add ${net.cidr(1)} dev docker0
host$ ip link set docker0 up
# step: first
host$ ip link add veth1 type veth peer name eth0 netns ${c[0]}
host$ ip link set veth1 master docker0 up
host$ ip -n ${c[0]} addr add ${net.cidr(2)} dev eth0
host$ ip -n ${c[0]} link set eth0 up
# step: second
host$ ip link add veth2 type veth peer name eth0 netns ${c[1]}
host$ ip link set veth2 master docker0 up
host$ ip -n ${c[1]} addr add ${net.cidr(3)} dev eth0
host$ ip -n ${c[1]} link set eth0 up
# step: loopback
host$ ip -n ${c[0]} link set lo up
# step: gateway
host$ ip -n ${c[0]} route add default via ${net.host(1)}
host$ ip -n ${c[1]} route add default via ${net.host(1)}
# step: forwarding
host$ sysctl -w net.ipv4.ip_forward=1
# step: masquerade
host$ iptables -t nat -A POSTROUTING -s ${net} ! -o docker0 -j MASQUERADE
# step: publish
host$ iptables -t nat -A PREROUTING -p tcp --dport ${port} -m addrtype --dst-type LOCAL -j DNAT --to-destination ${net.host(2)}:80
# step: publish-here
host$ iptables -t nat -A OUTPUT -p tcp --dport ${port} -m addrtype --dst-type LOCAL -j DNAT --to-destination ${net.host(2)}:80
# step: policy
host$ iptables -P FORWARD DROP
host$ iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
host$ iptables -A FORWARD -i docker0 -j ACCEPT
host$ iptables -A FORWARD -d ${net.host(2)} -o docker0 -p tcp --dport 80 -j ACCEPT
