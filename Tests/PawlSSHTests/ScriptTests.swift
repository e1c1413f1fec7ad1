import Foundation
import Testing

@testable import PawlSSH

/// A small generator with a seed, so that a failure can be repeated (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

@Suite("Shell text")
struct ScriptTests {
  /// Characters with a meaning to some shell, and some that are hard in other ways.
  static let nasty = Array("'\"\\$`!*?[]{}()<>|&;#~=^% \t\n\r-azAZ09_./:,+@é€🐾\u{301}\u{7f}\u{1}").map(
    String.init)

  @Test(
    "Words come out of a real shell as they went in", arguments: ["/bin/sh", "/bin/bash"], [UInt64(1), 2, 3])
  func quotingProperty(shell: String, seed: UInt64) async throws {
    guard FileManager.default.isExecutableFile(atPath: shell) else { return }
    var generator = SeededGenerator(seed: seed)
    var words = [
      "", "-n", "--", "~", "~root", "a=b", "$(id)", "`id`", "'", "''", "\\", "\\'", "!!", "\n", "*",
    ]
    for _ in 0..<400 {
      let length = Int.random(in: 0...12, using: &generator)
      words.append((0..<length).map { _ in Self.nasty.randomElement(using: &generator) ?? "" }.joined())
    }
    let script = "printf '%s\\0' " + words.map(shellQuoted).joined(separator: " ")
    let output = try await runTool(shell, ["-c", script])
    let expected = Array((words.joined(separator: "\0") + "\0").utf8)
    #expect(output == expected, "seed \(seed)")
  }

  @Test("Plain words stay readable and all others are one word")
  func quotingExamples() {
    #expect(shellQuoted("kubeadm") == "kubeadm")
    #expect(shellQuoted("/etc/a-b_c.d:1,2+3@4%5") == "/etc/a-b_c.d:1,2+3@4%5")
    #expect(shellQuoted("") == "''")
    #expect(shellQuoted("a b") == "'a b'")
    #expect(shellQuoted("it's") == #"'it'\''s'"#)
    #expect(shellQuoted("A=1") == "'A=1'")
  }

  @Test("A script that arrives only in part does nothing", arguments: ["/bin/sh", "/bin/bash"])
  func truncatedScript(shell: String) async throws {
    guard FileManager.default.isExecutableFile(atPath: shell) else { return }
    let command = RemoteCommand(steps: [["echo", "one"], ["echo", "two"]], always: [["echo", "three"]])
    let script = CommandScript.wrapped(CommandScript.body(command))
    for length in stride(from: 0, to: script.count, by: 7) {
      let part = String(decoding: script[..<length], as: UTF8.self)
      let output = try await runTool(
        "/bin/sh", ["-c", "\(shell) -c 'eval \"$0\"' \"$0\" 2>/dev/null || true", part])
      #expect(output.isEmpty, "\(length) bytes")
    }
    let whole = try await runTool(shell, ["-c", "eval \"$0\"", String(decoding: script, as: UTF8.self)])
    #expect(String(decoding: whole, as: UTF8.self) == "one\ntwo\nthree\n")
  }

  @Test(
    "The line for the host gives the script its input and shows none of it",
    arguments: ["/bin/sh", "/bin/bash"])
  func hostLine(shell: String) async throws {
    guard FileManager.default.isExecutableFile(atPath: shell) else { return }
    let command = RemoteCommand(
      argv: ["sh", "-c", "cat; printf %s \"$TOKEN\""], environment: ["TOKEN": "s3cr3t"],
      standardInput: Array("in|".utf8))
    let script = CommandScript.wrapped(CommandScript.body(command))
    let line = CommandScript.line(length: script.count, seconds: 20, sudo: false)
    #expect(!line.contains("s3cr3t"))
    let output = try await runTool(shell, ["-c", line], input: script + Array("in|".utf8))
    #expect(String(decoding: output, as: UTF8.self) == "in|s3cr3t")
  }

  @Test("A program whose name is a word of the shell is still a program")
  func programNames() async throws {
    let script = CommandScript.wrapped(CommandScript.body(RemoteCommand(steps: [["exit"], ["echo", "no"]])))
    let output = try await runTool(
      "/bin/sh", ["-c", "(eval \"$0\") 2>/dev/null; echo $?", String(decoding: script, as: UTF8.self)])
    #expect(String(decoding: output, as: UTF8.self) == "127\n")
  }

  @Test("The job scripts are correct for dash and bash", arguments: ["/bin/sh", "/bin/bash"])
  func syntax(shell: String) async throws {
    guard FileManager.default.isExecutableFile(atPath: shell) else { return }
    let key = try JobKey(run: "r", name: "n")
    let scripts = [
      JobScript.launch(
        key, base: "/x y", commandLength: 1, inputLength: 2, fence: try Fence(cluster: "c", epoch: 3),
        offsets: OutputOffsets(), limit: 9),
      JobScript.report(key, base: "/x", limit: 9), JobScript.terminate(key, base: "/x", grace: 3),
      JobScript.remove(run: "r", base: "/x"),
    ]
    for script in scripts {
      try await runTool(shell, ["-n"], input: CommandScript.wrapped(script) + [10])
    }
  }

  @Test("A description shows the command and neither variables nor input")
  func description() {
    let command = RemoteCommand(
      argv: ["echo", "a b"], environment: ["K": "s3cr3t"], standardInput: Array("pr1vate".utf8), sudo: true)
    #expect("\(command)" == "sudo -n echo 'a b'")
  }
}

@Suite("Answers about jobs")
struct JobProtocolTests {
  static let talk = "Welcome\npawl-job-1\nS 12 3\nO 5\nab\ncdE 2\nxyK\nX 0 5 2\n"

  @Test("The same answers come out however the bytes are cut", arguments: 1...9)
  func cuts(size: Int) throws {
    var frames = JobProtocol()
    var events: [JobProtocol.Event] = []
    let bytes = Array(Self.talk.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
      events += try frames.feed(Array(bytes[start..<min(start + size, bytes.count)]))
    }
    var stdout: [UInt8] = []
    var stderr: [UInt8] = []
    var others: [JobProtocol.Event] = []
    for event in events {
      if case .output(let chunk) = event {
        if chunk.stream == .stdout { stdout += chunk.bytes } else { stderr += chunk.bytes }
      } else {
        others.append(event)
      }
    }
    #expect(stdout == Array("ab\ncd".utf8))
    #expect(stderr == Array("xy".utf8))
    #expect(
      others == [
        .greeting, .running(pid: 12, elapsed: 3), .beat, .finished(status: 0, stdoutSize: 5, stderrSize: 2),
      ])
  }

  @Test("Each ending is understood")
  func endings() throws {
    let cases: [(String, JobProtocol.Event)] = [
      ("A", .absent), ("L rebooted", .lost(.rebooted)), ("L died", .lost(.died)), ("F 8", .fenced(epoch: 8)),
      ("R no space left", .refused("no space left")), ("T", .terminated),
      ("S 1 -4", .running(pid: 1, elapsed: 0)),
    ]
    for (line, event) in cases {
      var frames = JobProtocol()
      #expect(try frames.feed(Array("pawl-job-1\n\(line)\n".utf8)) == [.greeting, event])
    }
  }

  @Test(
    "What is not an answer is refused",
    arguments: ["O", "O x", "O 0", "O -1", "Q", "X 1", "L maybe", "F -1", ""])
  func violations(line: String) {
    var frames = JobProtocol()
    #expect(throws: JobProtocol.Violation.self) { try frames.feed(Array("pawl-job-1\n\(line)\n".utf8)) }
  }

  @Test("Endless noise is refused")
  func noise() {
    var frames = JobProtocol()
    #expect(throws: JobProtocol.Violation.self) {
      for _ in 0..<100 { _ = try frames.feed([UInt8](repeating: 120, count: 1000) + [10]) }
    }
    var line = JobProtocol()
    #expect(throws: JobProtocol.Violation.self) {
      _ = try line.feed(Array("pawl-job-1\n".utf8) + [UInt8](repeating: 120, count: 5000))
    }
  }

  @Test("Shell statuses become signals where there is one")
  func statuses() {
    #expect(PawlSSH.ExitStatus(shellStatus: 0) == .exited(0))
    #expect(PawlSSH.ExitStatus(shellStatus: 127) == .exited(127))
    #expect(PawlSSH.ExitStatus(shellStatus: 143) == .signalled("TERM"))
    #expect(PawlSSH.ExitStatus(shellStatus: 255) == .exited(255))
  }
}

@Suite("Small parts")
struct SmallPartTests {
  @Test("SHA-1 and HMAC-SHA-1 of the standards' examples")
  func digests() {
    func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
    #expect(hex(SHA1.digest([])) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
    #expect(hex(SHA1.digest(Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    let long = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
    #expect(hex(SHA1.digest(long)) == "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
    #expect(
      hex(SHA1.digest([UInt8](repeating: 97, count: 1_000_000))) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f"
    )
    let key = Array("Jefe".utf8)
    let message = Array("what do ya want for nothing?".utf8)
    #expect(hex(SHA1.hmac(key: key, message: message)) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    let longKey = [UInt8](repeating: 0xaa, count: 80)
    let text = Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)
    #expect(hex(SHA1.hmac(key: longKey, message: text)) == "aa4ae5e15272d00e95705637ce8a3b55ed402112")
  }

  @Test("A byte queue gives back what it was given, in any pieces")
  func byteQueue() {
    var generator = SeededGenerator(seed: 7)
    var queue = ByteQueue()
    var given: [UInt8] = []
    var taken: [UInt8] = []
    for _ in 0..<2000 {
      let piece = (0..<Int.random(in: 0...400, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      given += piece
      piece.withUnsafeBytes { queue.append($0) }
      let share = Double.random(in: 0...1, using: &generator)
      _ = queue.take(atMost: 300) { front in
        let count = Int(Double(front.count) * share)
        taken += front.prefix(count)
        return count
      }
      #expect(queue.count == given.count - taken.count)
    }
    while !queue.isEmpty {
      _ = queue.take(atMost: 1000) { front in
        taken += front
        return front.count
      }
    }
    #expect(taken == given)
  }

  @Test("Every error code has a side: try again, or not")
  func transportCodes() {
    let again = SSHError.Code.allCases.filter { SSHError($0, hop: "h", "m").isTransport }
    #expect(again == [.unreachable, .connectTimeout, .linkLost, .bastionForwardRefused, .channelRefused])
    #expect("\(SSHError(.linkLost, hop: "h", "Lost.", underlying: "secret cause"))" == "Lost.")
  }

  @Test("The user's ssh_config is resolved by ssh itself")
  func sshConfig() async throws {
    let path = NSTemporaryDirectory() + "pawl-config-\(UUID().uuidString)"
    let text = """
      Host node
        HostName 10.1.2.3
        Port 2201
        User admin
        IdentityFile ~/.ssh/node
        IdentityAgent /run/agent
        UserKnownHostsFile ~/.ssh/kh /etc/kh2
        HostKeyAlias node-alias
        ProxyJump ops@b1:2222,b2
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    defer { removeFiles(path) }
    let values = try await SSHConfigResolver.resolve(host: "node", configFile: path)
    let home = FileManager.default.homeDirectoryForCurrentUser.path
    #expect(values.hostName == "10.1.2.3")
    #expect(values.port == 2201)
    #expect(values.user == "admin")
    #expect(
      values.identityFiles.first == "\(home)/.ssh/node key"
        || values.identityFiles.first == "\(home)/.ssh/node")
    #expect(values.identityAgent == "/run/agent")
    #expect(Array(values.knownHostsFiles.prefix(2)) == ["\(home)/.ssh/kh", "/etc/kh2"])
    #expect(values.hostKeyAlias == "node-alias")
    #expect(values.proxyJump == ["ops@b1:2222", "b2"])
    let plain = try await SSHConfigResolver.resolve(host: "elsewhere", configFile: path)
    #expect(plain.port == 22 && plain.proxyJump.isEmpty && plain.hostKeyAlias == nil)
    await #expect(throws: SSHError.self) { try await SSHConfigResolver.resolve(host: "-oProxyCommand=x") }
    await #expect(throws: SSHError.self) {
      try await SSHConfigResolver.resolve(host: "x", configFile: "/no/such/file")
    }
  }
}
