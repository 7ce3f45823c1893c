# shellcheck shell=bash disable=SC2034 # a part of the installation: it sets and uses the names of install-receiver.sh

describe_hosts() {
  DESCRIPTION='shape=block
path=/etc/hosts
temp=
mode=0644
check=hosts'
}
