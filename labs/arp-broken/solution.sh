# step: answers
h1$ answer h2 ${near.where}
h1$ answer r1 ${gate.where}
# step: near
${near.where}$ ${near.fix}
h1$ ip neigh flush dev eth0
# step: gate
${gate.where}$ ${gate.fix}
h1$ ip neigh flush dev eth0
