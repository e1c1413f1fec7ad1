import Testing

@testable import PawlModel

@Suite struct SupportTests {
  /// The examples of FIPS 180-4 (one block, two blocks, a million letters) and the empty message.
  @Test(arguments: [
    ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
    ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
  ])
  func digestsAreThoseOfTheStandard(text: String, count: Int, digest: String) {
    #expect(ContentDigest.hex(of: Array(String(repeating: text, count: count).utf8)) == digest)
  }

  /// Around the block size, where padding takes one block more. Digests from coreutils' sha256sum.
  @Test(arguments: [
    (55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
    (56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
    (64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
  ])
  func digestsPadRight(count: Int, digest: String) {
    #expect(ContentDigest.hex(of: Array(repeating: UInt8(ascii: "a"), count: count)) == digest)
  }

  @Test(arguments: [
    ("10s", 10), ("5m", 300), ("1h", 3600), ("1h30m", 5400), ("1h1m1s", 3661), ("90m", 5400), ("0s", 0),
    ("720h", 2_592_000),
  ])
  func readsDurations(text: String, seconds: Int) throws {
    #expect(try DurationText.seconds(parsing: text) == seconds)
    #expect(try DurationText.seconds(parsing: DurationText.text(ofSeconds: seconds)) == seconds)
  }

  @Test(arguments: [
    ("", "'' is not a duration; write 10s, 5m or 1h30m"),
    ("10", "'10' is not a duration; write 10s, 5m or 1h30m"),
    ("s", "'s' is not a duration; write 10s, 5m or 1h30m"),
    ("-1s", "'-1s' is not a duration; write 10s, 5m or 1h30m"),
    ("1.5h", "'1.5h' is not a duration; write 10s, 5m or 1h30m"),
    ("1d", "'1d' is not a duration; write 10s, 5m or 1h30m"),
    ("1s1m", "'1s1m' is not a duration; write 10s, 5m or 1h30m"),
    ("1m1m", "'1m1m' is not a duration; write 10s, 5m or 1h30m"),
    ("1s ", "'1s ' is not a duration; write 10s, 5m or 1h30m"),
    ("500ms", "'500ms' is below a second; durations are whole seconds, such as 1s"),
    ("721h", "'721h' is longer than 30 days"),
    ("99999999999999999999h", "'99999999999999999999h' is not a duration; write 10s, 5m or 1h30m"),
  ])
  func refusesDurations(text: String, message: String) {
    #expect(throws: DurationText.Problem(message: message)) { try DurationText.seconds(parsing: text) }
  }

  @Test(arguments: [(0, 5), (1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (1000, 60)])
  func retriesWaitLongerUpToTheLongestWait(attempt: Int, seconds: Int) {
    #expect(RetryPolicy(attempts: 9).delay(after: attempt) == seconds)
    #expect(RetryPolicy(attempts: 9, delaySeconds: 0).delay(after: attempt) == 0)
  }

  @Test func suggestsNearNamesOnly() {
    let names = ["kubeconfig", "context", "port", "user"]
    #expect(DidYouMean.suggestion(for: "kubeconfg", among: names) == "kubeconfig")
    #expect(DidYouMean.suggestion(for: "Context", among: names) == "context")
    #expect(DidYouMean.suggestion(for: "prot", among: names) == "port")
    #expect(DidYouMean.suggestion(for: "address", among: names) == nil)
    #expect(DidYouMean.suggestion(for: "", among: names) == nil)
    #expect(DidYouMean.suggestion(for: String(repeating: "a", count: 100_000), among: names) == nil)
  }

  @Test(arguments: [
    ("/etc/x", "/etc/x"), ("x", "/srv/lab/x"), ("./x", "/srv/lab/x"), ("../x//y/.", "/srv/x/y"),
    ("../../../../x", "/x"), ("~/x", "/home/op/x"), ("~", "/home/op"), ("~bob/x", nil), ("a~", "/srv/lab/a~"),
  ])
  func makesPathsAbsolute(path: String, absolute: String?) {
    #expect(FilePaths(directory: "/srv/lab", homeDirectory: "/home/op").absolute(path) == absolute)
  }

  @Test func namesAreNarrow() {
    for name in ["a", "0", "cp-1", "w2.lab.example", String(repeating: "a", count: 253)] {
      #expect(Names.isObjectName(name), "\(name)")
    }
    for name in ["", "-a", "a-", ".a", "a.", "A", "a_b", "a b", "ä", String(repeating: "a", count: 254)] {
      #expect(!Names.isObjectName(name), "\(name)")
    }
    for name in ["1.2.3.4", "fe80::1%eth0", "Host.example"] { #expect(Names.isAddress(name), "\(name)") }
    for name in ["", "-oProxyCommand=x", "a b", "a/b", "a\u{12}"] {
      #expect(!Names.isAddress(name), "\(name)")
    }
    for name in ["drainTimeout", "a_1"] { #expect(Names.isVariable(name), "\(name)") }
    for name in ["", "Drain", "a-b", "1a", "a\u{12}", "a@"] { #expect(!Names.isVariable(name), "\(name)") }
    for name in ["root", "A.b_c-d"] { #expect(Names.isUser(name), "\(name)") }
    for name in ["", "-l", "a@b", "a b"] { #expect(!Names.isUser(name), "\(name)") }
  }
}
