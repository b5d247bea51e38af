#!/bin/sh
# Stand-in for nvidia-smi, see README.md. @GPUS@ is put in by the hook.
gpus='@GPUS@'
value() {
  case $1 in
    index) echo "$2" ;;
    name) echo 'Stand-in GPU' ;;
    uuid) echo "GPU-00000000-0000-0000-0000-00000000000$2" ;;
    pci.bus_id) echo "00000000:0$2:00.0" ;;
    driver_version) echo '000.00' ;;
    utilization.gpu) echo 12 ;;
    memory.used) echo 345 ;;
    memory.total) echo 6789 ;;
    *) echo '[N/A]' ;;
  esac
}
case $1 in
  -L)
    for gpu in $gpus; do echo "GPU $gpu: Stand-in GPU (UUID: GPU-00000000-0000-0000-0000-00000000000$gpu)"; done ;;
  --query-gpu=*)
    for gpu in $gpus; do
      row=
      old=$IFS; IFS=,
      for column in ${1#*=}; do row="$row${row:+, }$(value "$column" "$gpu")"; done
      IFS=$old
      echo "$row"
    done ;;
esac
