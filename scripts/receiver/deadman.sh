# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# The dead-man timer: what is not confirmed in time is taken back.

arm_dead_man() {
  :
}

run_confirm() {
  fail UNSUPPORTED 'mode confirm is not supported by this receiver'
}
