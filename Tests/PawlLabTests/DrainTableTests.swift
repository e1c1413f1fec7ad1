import Foundation
import PawlTestSupport
import Testing

extension LabTests {
  /// The same pods under `kubectl drain` and `pawl drain`, on a node that is in the API only: no kubelet stands behind
  /// it, and nothing of the lab's own is touched.
  @Suite("Drains beside kubectl's", .serialized)
  struct DrainTableTests {
    /// What kubectl and Pawl make of a pod, without and with leave to lose data and pods.
    struct Row: Sendable {
      let pod: String
      /// `stays`, `refused` or `goes`.
      let strictly: String
      let allowed: String
      /// Pawl's words for it, with leave.
      let verdict: String
      /// Whether it is still there when a real drain's time is up.
      var isLeft = false
    }

    static let table = [
      Row(pod: "agent", strictly: "stays", allowed: "stays", verdict: "ignore", isLeft: true),
      Row(pod: "mirror", strictly: "stays", allowed: "stays", verdict: "ignore", isLeft: true),
      Row(pod: "finished", strictly: "goes", allowed: "goes", verdict: "delete"),
      Row(pod: "unmanaged", strictly: "refused", allowed: "goes", verdict: "evict"),
      Row(pod: "scratch", strictly: "refused", allowed: "goes", verdict: "evict"),
      Row(pod: "guarded", strictly: "goes", allowed: "goes", verdict: "evict", isLeft: true),
      Row(pod: "held", strictly: "goes", allowed: "goes", verdict: "evict", isLeft: true),
      Row(pod: "deaf", strictly: "goes", allowed: "goes", verdict: "wait", isLeft: true),
      Row(pod: "doomed", strictly: "goes", allowed: "goes", verdict: "wait", isLeft: true),
      Row(pod: "plain", strictly: "goes", allowed: "goes", verdict: "evict"),
      Row(pod: "sick", strictly: "goes", allowed: "goes", verdict: "evict", isLeft: true),
      Row(pod: "pending", strictly: "goes", allowed: "goes", verdict: "evict"),
      Row(pod: "claimed", strictly: "goes", allowed: "goes", verdict: "evict"),
      Row(pod: "again", strictly: "goes", allowed: "goes", verdict: "evict"),
    ]

    @Test("Verdict for verdict, on the real API server")
    func table() async throws {
      try await DrainScene.with { scene in
        try await scene.create()
        let strictly = try await scene.verdicts([])
        let allowed = try await scene.verdicts(["--local-data", "--unmanaged-pods"])
        let refusedByKubectl = try await scene.refusedByKubectl()
        let goneByKubectl = try await scene.goneByKubectl()
        for row in Self.table {
          let pod = try #require(
            allowed.keys.first { $0 == row.pod || $0.hasPrefix("\(row.pod)-") }, "\(row.pod)")
          #expect(Self.word(strictly[pod]) == row.strictly, "\(row.pod)")
          #expect(Self.word(allowed[pod]) == row.allowed, "\(row.pod)")
          #expect(allowed[pod] == row.verdict, "\(row.pod)")
          #expect(refusedByKubectl.contains(pod) == (row.strictly == "refused"), "\(row.pod) for kubectl")
          #expect(goneByKubectl.contains(pod) == (row.allowed == "goes"), "\(row.pod) for kubectl")
        }
      }
    }

    @Test("Pod for pod, what is left when the time of a real drain is up")
    func outcomes() async throws {
      let expected = Set(Self.table.filter(\.isLeft).map(\.pod))
      try await DrainScene.with { scene in
        try await scene.create()
        #expect(try await Self.rows(scene.pods()) == Set(Self.table.map(\.pod)), "the scene")
        #expect(try await scene.drainByKubectl(seconds: 10).status != 0)
        #expect(try await Self.rows(scene.pods()) == expected, "kubectl")
      }
      try await DrainScene.with { scene in
        try await scene.create()
        let flags = ["--local-data", "--unmanaged-pods"]
        let run = try await scene.pawl(["drain", scene.name, "--yes", "--timeout", "10s"] + flags)
        #expect(run.status == 3, "\(run.output)\(run.errors)")
        #expect(try await Self.rows(scene.pods()) == expected, "Pawl")
      }
    }

    @Test(
      "Two budgets on one pod: kubectl moves the others and leaves the node cordoned, Pawl does not begin")
    func refusedForGood() async throws {
      try await DrainScene.with { scene in
        try await scene.create(only: ["plain", "guarded"])
        try await scene.guardTwice("guarded")
        let run = try await scene.pawl(["drain", scene.name, "--yes"])
        #expect(run.status == 1, "\(run.output)\(run.errors)")
        #expect(run.errors.contains("guarded") && run.errors.contains("budget"), "\(run.errors)")
        #expect(try await scene.pods() == ["plain", "guarded"])
        #expect(try await !scene.isCordoned())

        let other = try await scene.drainByKubectl(seconds: 10)
        #expect(other.status != 0 && (other.output + other.errors).contains("more than one"), "\(other)")
        #expect(try await scene.pods() == ["guarded"])
        #expect(try await scene.isCordoned())
      }
    }

    /// The rows of pods, whose names may go on after the row's.
    private static func rows(_ pods: Set<String>) -> Set<String> {
      Set(
        pods.map { pod in
          table.first { $0.pod == pod || pod.hasPrefix("\($0.pod)-") }?.pod ?? pod
        })
    }

    private static func word(_ verdict: String?) -> String {
      switch verdict {
      case "ignore": "stays"
      case "refuse": "refused"
      case "evict", "delete", "wait": "goes"
      default: "is not there"
      }
    }

    @Test("A drain that a budget and a finalizer hold pauses and names both, and goes on once they let go")
    func pauses() async throws {
      try await DrainScene.with { scene in
        try await scene.create(only: ["guarded", "held", "plain"])
        let run = try await scene.pawl(["drain", scene.name, "--yes", "--timeout", "15s"])
        #expect(run.status == 3, "\(run.output)\(run.errors)")
        for words in [
          "allows 0 of 1", "finalizers hold it: pawl.dev/hold", "of ConfigMap owner", "--as force",
        ] {
          #expect(run.output.contains(words), "\(words) in \(run.output)")
        }
        try await Lab.run("kubectl", "-n", scene.name, "delete", "poddisruptionbudget", "guarded")
        try await Lab.run(
          "kubectl", "-n", scene.name, "patch", "pod", "held", "--type=merge", "-p",
          #"{"metadata":{"finalizers":null}}"#)
        let resumed = try await scene.pawl(["resume"])
        #expect(resumed.status == 0, "\(resumed.output)\(resumed.errors)")
        let left = try await Lab.run("kubectl", "-n", scene.name, "get", "pods", "-o", "name")
        #expect(left.isEmpty, "\(left)")
        let uncordoned = try await scene.pawl(["uncordon", scene.name, "--yes"])
        #expect(uncordoned.status == 0, "\(uncordoned.errors)")
        let node = try await Lab.run("kubectl", "get", "node", scene.name, "-o", "json")
        #expect(!node.contains("pawl.dev/") && !node.contains("\"unschedulable\": true"), "\(node)")
      }
    }

    @Test("An approval forces what is left, past its budget, and is kept with who and why")
    func forces() async throws {
      try await DrainScene.with { scene in
        try await scene.create(only: ["guarded", "deaf"])
        let paused = try await scene.pawl(["drain", scene.name, "--yes", "--timeout", "10s"])
        #expect(paused.status == 3, "\(paused.output)\(paused.errors)")
        let list = try await scene.pawl(["runs"]).output
        let run = String(try #require(list.split(separator: " ").first))
        let step = "drain@\(scene.name)"
        let approved = try await scene.pawl(["approve", run, step, "--as", "force", "--reason", "Agreed."])
        #expect(approved.status == 0, "\(approved.errors)")
        let resumed = try await scene.pawl(["resume", run])
        #expect(resumed.status == 0, "\(resumed.output)\(resumed.errors)")
        let logs = try await scene.pawl(["logs", run]).output
        for pod in ["guarded", "deaf"] {
          #expect(
            logs.contains("\(scene.name)/\(pod) (of ConfigMap owner) is deleted with no grace"), "\(logs)")
        }
        let left = try await Lab.run("kubectl", "-n", scene.name, "get", "pods", "-o", "name")
        #expect(left.isEmpty, "\(left)")
      }
    }
  }
}
