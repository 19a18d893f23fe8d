# step: spanning-tree
s1$ ip link set br0 type bridge stp_state 1
s2$ ip link set br0 type bridge stp_state 1
s3$ ip link set br0 type bridge stp_state 1
# step: root
${plan.root}$ ip link set br0 type bridge priority 4096
# step: place
${plan.on}$ ${plan.fix}
# wait: 60
