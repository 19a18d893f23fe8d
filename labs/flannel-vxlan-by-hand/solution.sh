# step: device-n1
n1$ ip link add flannel.${vni} address ${mac1} type vxlan id ${vni} local 192.168.56.11 dev eth0 dstport 8472 nolearning
n1$ ip addr add ${pods1.network}/32 dev flannel.${vni}
n1$ ip link set flannel.${vni} up
# step: device-n3
n3$ ip link add flannel.${vni} address ${mac3} type vxlan id ${vni} local 192.168.57.13 dev eth0 dstport 8472 nolearning
n3$ ip addr add ${pods3.network}/32 dev flannel.${vni}
n3$ ip link set flannel.${vni} up
# step: neighbours
n1$ ip neigh add ${pods2.network} lladdr ${mac2} dev flannel.${vni} nud permanent
n1$ ip neigh add ${pods3.network} lladdr ${mac3} dev flannel.${vni} nud permanent
n3$ ip neigh add ${pods1.network} lladdr ${mac1} dev flannel.${vni} nud permanent
n3$ ip neigh add ${pods2.network} lladdr ${mac2} dev flannel.${vni} nud permanent
# step: fdb
n1$ bridge fdb add ${mac2} dev flannel.${vni} dst 192.168.56.12
n1$ bridge fdb add ${mac3} dev flannel.${vni} dst 192.168.57.13
n3$ bridge fdb add ${mac1} dev flannel.${vni} dst 192.168.56.11
n3$ bridge fdb add ${mac2} dev flannel.${vni} dst 192.168.56.12
# step: routes
n1$ ip route add ${pods2} via ${pods2.network} dev flannel.${vni} onlink
n1$ ip route add ${pods3} via ${pods3.network} dev flannel.${vni} onlink
n3$ ip route add ${pods1} via ${pods1.network} dev flannel.${vni} onlink
n3$ ip route add ${pods2} via ${pods2.network} dev flannel.${vni} onlink
# step: join
n1$ echo 'ip neigh replace $${1%/*} lladdr $2 dev flannel.${vni} nud permanent' > /root/join.sh
n1$ echo 'bridge fdb replace $2 dev flannel.${vni} dst $3' >> /root/join.sh
n1$ echo 'ip route replace $1 via $${1%/*} dev flannel.${vni} onlink' >> /root/join.sh
