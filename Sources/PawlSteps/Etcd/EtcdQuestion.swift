/// Asks the etcd processes of a host who is in their cluster and who of them is well. It changes nothing.
package enum EtcdQuestion {
  /// What each line that is not etcdctl's own begins with.
  static let mark = "pawl-etcd-"

  /// The program, to be run as root.
  package static let argv = ["sh", "-c", script]

  /// How long it may take, in seconds: more than its own limits for two processes.
  static let timeoutSeconds = 100

  /// For each process: its name and client URLs, then what etcdctl says to both questions, with the status.
  ///
  /// etcd goes by its configuration file alone when it has one, else by its environment and its command line. It may
  /// run in a container: paths are then those of the container, and so is etcdctl where the host has none. Of
  /// credentials kubeadm's for health checks come first, then the server's own.
  private static let script = #"""
    PATH=$PATH:/usr/local/sbin:/usr/local/bin

    # Settings as lines FLAG=VALUE, of which the last counts.
    environment() {
      tr '\0' '\n' <"/proc/$pid/environ" | while IFS= read -r line; do
        case $line in ETCD_*=*) ;; *) continue ;; esac
        flag=${line%%=*}
        printf '%s=%s\n' "$(printf %s "${flag#ETCD_}" | tr A-Z_ a-z-)" "${line#*=}"
      done
    }
    command_line() {
      tr '\0' '\n' <"/proc/$pid/cmdline" | {
        flag=
        while IFS= read -r word; do
          case $word in
            -*=*) word=${word#-}; printf '%s\n' "${word#-}"; flag= ;;
            -*) word=${word#-}; flag=${word#-} ;;
            *) [ -z "$flag" ] || printf '%s=%s\n' "$flag" "$word"; flag= ;;
          esac
        done
      }
    }
    configuration() {
      tr -d "\"'" <"$1" | sed -n -e 's/[[:space:]]#.*//' -e 's/[[:space:]]*$//' \
        -e '/^client-transport-security:/,/^[a-z]/s/^[[:space:]]\{1,\}\([a-z-]*\):[[:space:]]*/\1=/p' \
        -e 's/^\([a-z-]*\):[[:space:]]*/\1=/p'
    }
    setting() { printf '%s\n' "$settings" | sed -n "s/^$1=//p" | tail -n 1; }

    ask() {
      env -i PATH="$PATH" ETCDCTL_API=3 timeout -k 5 20 nsenter --target "$pid" --net $inside -- \
        etcdctl --write-out=simple --dial-timeout=5s --command-timeout=5s "$@" 2>&1
      printf '\npawl-etcd-status %s\n' "$?"
    }

    for comm in /proc/[0-9]*/comm; do
      { read -r name <"$comm"; } 2>/dev/null || continue
      [ "$name" = etcd ] || continue
      pid=${comm#/proc/}
      pid=${pid%/comm}
      if command -v etcdctl >/dev/null; then root=/proc/$pid/root inside=; else root= inside=--mount; fi
      settings=$(environment; command_line)
      file=$(setting config-file)
      [ -z "$file" ] || settings=$(configuration "/proc/$pid/root$file")
      urls=$(setting advertise-client-urls)
      urls=${urls:-http://localhost:2379}
      set -- --endpoints="$urls"
      case $urls in
        https:*)
          pki=/etc/kubernetes/pki/etcd
          if [ -e "/proc/$pid/root$pki/healthcheck-client.key" ]; then
            ca=$pki/ca.crt cert=$pki/healthcheck-client.crt key=$pki/healthcheck-client.key
          else
            ca=$(setting trusted-ca-file) cert=$(setting cert-file) key=$(setting key-file)
          fi
          set -- "$@" ${ca:+"--cacert=$root$ca"} ${cert:+"--cert=$root$cert"} ${key:+"--key=$root$key"}
          ;;
      esac
      printf 'pawl-etcd-process %s\n' "$(setting name)"
      printf 'pawl-etcd-urls %s\n' "$urls"
      printf 'pawl-etcd-list\n'
      ask "$@" member list
      printf 'pawl-etcd-health\n'
      ask "$@" endpoint health --cluster
    done
    exit 0
    """#
}
