#!/bin/sh
# Builds the three ns-3 programs against Debian's libns3-dev into $BUILD (default: ./build beside this file).
set -e
dpkg -s libns3-dev >/dev/null 2>&1 || { apt-get update; DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends libns3-dev g++; }
here=$(cd "$(dirname "$0")" && pwd); out=${BUILD:-$here/build}; mkdir -p "$out"
libs="-lns3-internet-apps -lns3-applications -lns3-csma -lns3-point-to-point -lns3-bridge -lns3-internet -lns3-traffic-control -lns3-network -lns3-stats -lns3-core"
for p in w1_chain w2_switch w5_mesh; do g++ -O2 -DNDEBUG -std=c++17 -I"$here" "$here/$p.cc" -o "$out/$p" $libs; done
