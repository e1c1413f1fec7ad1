import Foundation
import PawlTestSupport
import Testing

/// What the program says of a journal that it can't go on with, or only in part.
@Suite("A journal that was changed, from the command line")
struct JournalProcessTests {
  private static let run = "20261121-151108-kubeadm-upgrade-3297"
  private let pawl = PawlProgram(directory: PawlProgram.root, environment: ["NO_COLOR": "1"])
  private let directory: TemporaryDirectory
  private var state: [String] { ["--state", directory.path + "/state"] }
  private var file: String { directory.path + "/state/journal.sqlite" }

  init() throws {
    directory = try TemporaryDirectory()
    try ReleasedJournal.restore("0.1.0", to: directory.path + "/state")
  }

  private func tamper(_ sql: String) throws {
    let triggers = ["runKept", "runNotDeleted", "eventInOrder", "eventKept", "eventNotDeleted"]
    let drops = triggers.map { "DROP TRIGGER \($0);" }.joined()
    try #require(try RawDatabase(file).run(drops + sql) == 0)
  }

  @Test("A whole journal is sound")
  func sound() async throws {
    let result = try await pawl.run(["runs", "verify"] + state)
    #expect(result.status == 0)
    #expect(result.output == "\(Self.run)  sound, 48 events\n")
  }

  @Test("A torn last event is told, and the run goes on before it")
  func torn() async throws {
    try tamper("UPDATE event SET body = substr(body, 1, 20) WHERE sequence = 48")
    let verify = try await pawl.run(["runs", "verify", Self.run] + state)
    #expect(verify.status == 1)
    #expect(verify.output.contains("torn at its last event, 48"), "\(verify.output)")
    let resume = try await pawl.run(["resume"] + state)
    #expect(resume.errors.contains("was cut off while it was written"), "\(resume.errors)")
    #expect(resume.errors.contains("goes on after event 47"))
    // The simulated cluster ended with its process: the run does go on, up to its kubeconfig.
    #expect(resume.status == 65)
  }

  @Test(
    "Damage in the middle is refused, with what is readable and what to do", arguments: ["resume", "show"])
  func damaged(_ command: String) async throws {
    try tamper("DELETE FROM event WHERE sequence = 7")
    let refused = try await pawl.run([command, Self.run] + state)
    #expect(refused.status == 1)
    for words in ["damaged at event 7", "events 1 to 6 are readable", "restore the state directory"] {
      #expect(refused.errors.contains(words), "\(refused.errors)")
    }
    let verify = try await pawl.run(["runs", "verify"] + state)
    #expect(verify.status == 1)
    #expect(verify.output.contains("readable up to event 6 (step-"), "\(verify.output)")
  }

  @Test("A journal of a newer Pawl is refused and left as it is")
  func newer() async throws {
    try tamper("INSERT INTO grdb_migrations VALUES ('99-from-the-future')")
    let result = try await pawl.run(["resume"] + state)
    #expect(result.status == 1 && result.errors.contains("was written by a newer Pawl"), "\(result.errors)")
    try #require(try RawDatabase(file).run("DELETE FROM grdb_migrations WHERE identifier LIKE '99-%'") == 0)
    #expect(try await pawl.run(["runs", "verify"] + state).output.contains("sound, 48 events"))
  }

  @Test("A journal that was cut off, and a file that is none, are refused and left as they are")
  func truncatedAndForeign() async throws {
    let whole = try Data(contentsOf: URL(filePath: file))
    for bytes in [whole.prefix(whole.count / 2), Data("Dear Eve, this is a letter.".utf8)] {
      try bytes.write(to: URL(filePath: file))
      let result = try await pawl.run(["resume", Self.run] + state)
      #expect(result.status == 1, "\(result.errors)")
      #expect(result.errors.contains("journal.sqlite"), "\(result.errors)")
      #expect(try Data(contentsOf: URL(filePath: file)).prefix(4096) == bytes.prefix(4096))
    }
  }

  @Test(
    "A disk that fills up stops the run before the next effect, and says what to do",
    .enabled(if: SmallDisk.isPossible, "Mounting needs root."))
  func fullDisk() async throws {
    let disk = try SmallDisk(at: directory.path + "/disk", kibibytes: 512)
    let state = ["--state", directory.path + "/disk/state"]
    let result = try await pawl.run(["demo", "--speed", "50"] + state)
    #expect(result.status == 1)
    #expect(result.errors.contains("is full"), "\(result.errors)")
    #expect(result.errors.contains("pawl resume"), "\(result.errors)")
    try disk.remount("size=8192k")
    let verify = try await pawl.run(["runs", "verify"] + state)
    #expect(verify.status == 0 && verify.output.contains("sound"), "\(verify)")
  }

  @Test("A saved plan whose runbook has changed is refused before anything is asked")
  func changedRunbook() async throws {
    let fixtures = "Tests/PawlCLITests/Fixtures"
    let inventory = ["-i", "\(fixtures)/inventory-single.yaml"]
    let plan = directory.path + "/plan.json"
    let arguments = [
      "plan", "upgrade", "--to", "1.20", "--facts", "\(fixtures)/facts-single.json", "--out", plan,
    ]
    #expect(try await pawl.run(arguments + inventory).status == 0)
    let unchanged = try await pawl.run(["apply", plan] + inventory + state)
    #expect(!unchanged.errors.contains("has changed"))
    let text = try String(contentsOfFile: plan, encoding: .utf8)
    let range = try #require(text.range(of: #""digest" : "[0-9a-f]+""#, options: .regularExpression))
    try text.replacingCharacters(in: range, with: #""digest" : "0000""#).write(
      toFile: plan, atomically: true, encoding: .utf8)
    let changed = try await pawl.run(["apply", plan] + inventory + state)
    #expect(changed.errors.contains("The runbook kubeadm-upgrade has changed since"), "\(changed.errors)")
    #expect(changed.errors.contains("Make the plan again"))
    #expect(changed.status == 1, "\(changed)")
    #expect(unchanged.errors.contains("kubeconfig"), "the unchanged one goes on: \(unchanged)")
  }
}
