/// Shell text that starts, watches and ends detached jobs on a host: POSIX sh, coreutils, flock and setsid.
///
/// A job is a directory `BASE/jobs/RUN/NAME`, readable by root only:
///
/// - `boot`: the boot id of the host when the job was claimed
/// - `pid`: process id of the supervisor, which leads the job's session, and its start time in clock ticks since boot
/// - `started`: exists from just before the command begins
/// - `stdout`, `stderr`: the output
/// - `exit`: the exit status, there at once or not at all
///
/// One lock covers the fence check and the launch. The supervisor inherits it and lets go after writing `started`:
/// so whoever holds the lock and sees a job without `started` knows that its command has not begun and never will.
enum JobScript {
  /// What a watcher is to do with a job that is not finished.
  enum Mode: String { case watch, report }

  /// The first line of every answer; what a login shell prints before is skipped.
  static let greeting = "pawl-job-1"

  /// Starts the job unless it is there, then streams its output from the offsets and says how it ended.
  ///
  /// The command script and the command's input follow on standard input.
  static func launch(
    _ key: JobKey, base: String, commandLength: Int, inputLength: Int, fence: Fence?, offsets: OutputOffsets,
    limit: Int
  ) -> String {
    """
    \(head(key, base: base))
    command_length=\(commandLength) input_length=\(inputLength)
    fence=\(fence?.cluster ?? "") epoch=\(fence?.epoch ?? 0)
    \(lockFunction)
    \(launchFunctions)
    launch
    \(follow(offsets, limit: limit, mode: .watch))
    """
  }

  /// Says what is known about a job and, when it is finished, all of its output.
  static func report(_ key: JobKey, base: String, limit: Int) -> String {
    "\(head(key, base: base))\n\(follow(OutputOffsets(), limit: limit, mode: .report))"
  }

  /// Ends every process of the job's session: TERM, and KILL for those that are left after `grace` seconds.
  ///
  /// A job that has not begun is given an exit status, so that a launcher which comes late does not start it.
  static func terminate(_ key: JobKey, base: String, grace: Int) -> String {
    """
    \(head(key, base: base))
    \(lockFunction)
    lock
    if [ ! -e "$dir/started" ]; then
      rm -rf "$dir"
      mkdir -p "$dir" && cd "$dir" && cat /proc/sys/kernel/random/boot_id > boot && : > stdout && : > stderr \\
        && echo 143 > exit && : > started || refuse "can't write in $base"
    fi
    exec 9>&-
    cd "$dir" || exit 1
    signal() { members; [ -z "$found" ] || kill -s "$1" $found 2>/dev/null; }
    gone() {
      tries=$1
      while alive; [ -n "$living" ]; do
        [ "$tries" -gt 0 ] || return 1
        tries=$((tries - 1)); sleep 0.2
      done
    }
    living=
    if [ ! -e exit ] && same_boot; then alive; fi
    if [ -n "$living" ]; then
      signal TERM
      gone \(grace * 5) || { signal KILL; gone 25; } || { echo "R its processes do not end"; exit 0; }
      [ -e exit ] || { echo 137 > exit.new && mv exit.new exit; }
    fi
    echo T
    """
  }

  /// Removes a run's jobs; those that still run stay and are named.
  static func remove(run: String, base: String) -> String {
    """
    base=\(shellQuoted(base)) run=\(run)
    \(functions)
    echo \(greeting)
    [ -d "$base/jobs/$run" ] || { echo T; exit 0; }
    exec 9>>"$base/lock" && flock -w 20 9 || { echo "R $base/lock is held by another process"; exit 0; }
    left=
    for dir in "$base/jobs/$run"/* "$base/jobs/$run"/.new.*; do
      cd "$dir" 2>/dev/null || continue
      living=; [ ! -e exit ] && same_boot && alive
      if [ -n "$living" ]; then left="$left ${dir##*/}"; else cd / && rm -rf -- "$dir"; fi
    done
    cd /
    [ -z "$left" ] || { echo "R these jobs still run:$left"; exit 0; }
    rmdir "$base/jobs/$run" && echo T
    """
  }

  private static func head(_ key: JobKey, base: String) -> String {
    """
    base=\(shellQuoted(base)) run=\(key.run) name=\(key.name)
    dir=$base/jobs/$run/$name
    umask 077
    \(functions)
    echo \(greeting)
    """
  }

  /// `alive` sets `living` while the supervisor or any other process of its session lives.
  ///
  /// Fields of /proc/PID/stat after the name: 1 state, 4 session, 20 start time. A pid can't be given out again
  /// while it is in use as a session id, so a leader with another start time means that the session is gone.
  private static let functions = #"""
    same_boot() { [ "$(cat boot 2>/dev/null)" = "$(cat /proc/sys/kernel/random/boot_id)" ]; }
    fields() { line=; { read -r line < "/proc/$1/stat"; } 2>/dev/null; [ -n "$line" ]; }
    members() {
      found=
      for entry in /proc/[0-9]*; do
        fields "${entry#/proc/}" || continue
        set -- ${line##*) }
        if [ "$4" = "$pid" ] && [ "$1" != Z ]; then found="$found ${entry#/proc/}"; fi
      done
    }
    alive() {
      living= pid= start=
      { read -r pid start < pid; } 2>/dev/null
      [ -n "$pid" ] || return 0
      if fields "$pid"; then
        set -- ${line##*) }
        if [ "${20}" != "$start" ]; then return 0; fi
        if [ "$1" != Z ]; then living=1; return 0; fi
      fi
      members
      [ -z "$found" ] || living=1
    }
    """#

  /// The line after the lock ends a launcher whose channel is gone by then.
  private static let lockFunction = #"""
    refuse() { rm -rf "$base/jobs/$run/.new.$$"; echo "R $1"; exit 0; }
    lock() {
      mkdir -p "$base/jobs/$run" "$base/fence" && chmod 700 "$base" || refuse "can't create $base"
      exec 9>>"$base/lock" && flock -w 20 9 || refuse "$base/lock is held by another process"
      echo K
    }
    """#

  private static let launchFunctions = #"""
    raise_fence() {
      [ -n "$fence" ] || return 0
      stored=0
      if [ -e "$base/fence/$fence" ]; then read -r stored < "$base/fence/$fence"; fi
      if [ "${stored:-0}" -gt "$epoch" ]; then echo "F $stored"; exit 0; fi
      [ "${stored:-0}" -eq "$epoch" ] && return 0
      echo "$epoch" > "$base/fence/.$fence.new" && mv "$base/fence/.$fence.new" "$base/fence/$fence" \
        || refuse "can't write in $base/fence"
    }
    size_of() { stat -c %s "$1" 2>/dev/null || echo 0; }
    prepare() {
      new=$base/jobs/$run/.new.$$
      rm -rf "$new"
      mkdir "$new" && cd "$new" || return 1
      head -c "$command_length" > command && head -c "$input_length" > stdin || return 1
      [ "$(size_of command)" = "$command_length" ] && [ "$(size_of stdin)" = "$input_length" ] || return 1
      cat /proc/sys/kernel/random/boot_id > boot && : > stdout && : > stderr || return 1
      cat > supervise <<'SUPERVISE' || return 1
    umask 077
    cd "$1" || exit 1
    dir=$1
    trap : HUP INT TERM
    read -r line < "/proc/$$/stat"
    set -- ${line##*) }
    [ "$4" = "$$" ] || exit 1
    echo "$$ ${20}" > pid.new && mv pid.new pid && : > started || exit 1
    sync started . .. 2>/dev/null || sync
    exec 9>&- < stdin >> stdout 2>> stderr
    rm -f stdin
    (umask 022; cd /; exec /bin/sh "$dir/command")
    status=$?
    cd "$dir" && echo "$status" > exit.new && mv exit.new exit
    SUPERVISE
      mv -T "$new" "$dir"
    }
    launch() {
      lock
      raise_fence
      if [ -d "$dir" ] && [ ! -e "$dir/started" ]; then rm -rf "$dir"; fi
      if [ ! -d "$dir" ]; then
        prepare || refuse "can't write in $base (is the disk full?)"
        setsid /bin/sh "$dir/supervise" "$dir" < /dev/null > /dev/null 2>&1 &
      fi
      exec 9>&-
      # The supervisor lets go of the lock once the job has begun.
      flock -w 20 -s "$base/lock" true || refuse "the job does not begin"
    }
    """#

  /// Answers in frames: a line, and for `O` and `E` as many bytes as it says.
  private static func follow(_ offsets: OutputOffsets, limit: Int, mode: Mode) -> String {
    """
    out=\(offsets.stdout) err=\(offsets.stderr) limit=\(limit) mode=\(mode.rawValue)
    \(followFunctions)
    follow
    """
  }

  private static let followFunctions = #"""
    emit() {
      size=$(stat -c %s "$2" 2>/dev/null || echo 0)
      count=$((size < limit ? size - $3 : limit - $3))
      [ "$count" -gt 0 ] || { count=0; return 0; }
      [ "$count" -le 1048576 ] || count=1048576
      echo "$1 $count"
      tail -c "+$(($3 + 1))" "$2" | head -c "$count"
    }
    drain() {
      moved=
      while emit O stdout "$out"; [ "$count" -gt 0 ]; do out=$((out + count)); moved=1; done
      while emit E stderr "$err"; [ "$count" -gt 0 ]; do err=$((err + count)); moved=1; done
    }
    finish() {
      drain
      echo "X $(cat exit) $(stat -c %s stdout) $(stat -c %s stderr)"
      exit 0
    }
    follow() {
      cd "$dir" 2>/dev/null || { echo A; exit 0; }
      if [ ! -e exit ] && ! same_boot; then
        [ -e started ] || { echo A; exit 0; }
        drain; echo "L rebooted"; exit 0
      fi
      alive
      if [ -n "$living" ]; then
        read -r up rest < /proc/uptime
        echo "S $pid $((${up%%.*} - start / 100))"
      fi
      delay=1
      while :; do
        if [ -e exit ]; then finish; fi
        alive
        if [ -z "$living" ]; then
          if [ -e exit ]; then finish; fi
          [ -e started ] || { echo A; exit 0; }
          drain; echo "L died"; exit 0
        fi
        [ "$mode" = watch ] || exit 0
        drain
        if [ -n "$moved" ]; then delay=1; elif [ "$delay" -lt 10 ]; then delay=$((delay + 1)); fi
        echo K
        if [ "$delay" -lt 10 ]; then sleep "0.$delay"; else sleep 1; fi
      done
    }
    """#
}
