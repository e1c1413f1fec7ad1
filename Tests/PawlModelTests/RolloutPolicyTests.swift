import Testing

@testable import PawlModel

@Suite struct RolloutPolicyTests {
  private func read(_ policy: String) throws -> Policy {
    let lines = Samples.inventory.split(separator: "\n").filter { !$0.hasPrefix("policy:") }
    let text = (lines + ["policy:"] + policy.split(separator: "\n").map { "  " + $0 }).joined(separator: "\n")
    return try Inventory.read(text: text, file: "i.yaml", directory: "/srv", homeDirectory: "/home/op").policy
  }

  private func problems(_ policy: String) -> [String] {
    do {
      _ = try read(policy)
      return []
    } catch {
      return (error as? DiagnosticsError)?.diagnostics.map(\.description) ?? ["\(error)"]
    }
  }

  @Test("All of it") func everything() throws {
    let policy = try read(
      """
      maxUnavailable: 50%
      rollout:
        canary: [worker-2]
        waves: [1, 25%, canary]
        soak: 10m
        approval: wave
        failureBudget: 2
        windows:
          - {days: [fri, sat], from: "22:00", to: 04:00, timeZone: Europe/Berlin}
          - {days: [sun], from: 01:00, to: 05:30, timeZone: UTC}
      """)
    #expect(policy.maxUnavailable == 1, "half of two workers")
    #expect(
      policy.rollout
        == RolloutPolicy(
          canary: ["worker-2"], waves: [.share(.count(1)), .share(.percent(25)), .group("canary")],
          soakSeconds: 600,
          windows: [
            MaintenanceWindow(
              days: [.fri, .sat], fromMinute: 1320, toMinute: 240, timeZone: "Europe/Berlin"),
            MaintenanceWindow(days: [.sun], fromMinute: 60, toMinute: 330, timeZone: "UTC"),
          ], approval: .wave, failureBudget: 2))
    #expect(try JSONTwin.decode(Policy.self, from: JSONTwin.encode(policy)) == policy)
  }

  @Test("A policy of an older journal has no rollout") func older() throws {
    let text =
      #"{"maxUnavailable":1,"drainTimeoutSeconds":600,"localData":"refuse","unmanagedPods":"refuse"}"#
    #expect(try JSONTwin.decode(Policy.self, from: text) == Policy())
  }

  @Test(
    "What is wrong is said with its place",
    arguments: [
      ("maxUnavailable: 0%", ["23:19: error: 'maxUnavailable' has to be a share from 1% to 100%, not '0%'"]),
      ("maxUnavailable: half", ["23:19: error: 'maxUnavailable' has to be a whole number, not text"]),
      (
        "rollout: {cannary: [worker-1]}",
        ["23:13: error: 'rollout' has no key 'cannary'. Did you mean 'canary'?"]
      ),
      (
        "rollout: {canary: [worker-3]}",
        ["23:22: error: there is no host 'worker-3'. Did you mean 'worker-1'?"]
      ),
      (
        "rollout: {canary: [cp-1, worker-1, worker-1]}",
        [
          "23:22: error: 'cp-1' is no worker. A canary is a worker: the control plane comes first in any case.",
          "23:38: error: 'worker-1' is a canary twice",
        ]
      ),
      (
        "rollout: {waves: [0, 101%, canery, [1]]}",
        [
          "23:21: error: an item of 'waves' has to be from 1 to 1000, not 0",
          "23:24: error: an item of 'waves' has to be a share from 1% to 100%, not '101%'",
          "23:30: error: there is no group 'canery'. Did you mean 'canary'?",
          "23:38: error: an item of 'waves' has to be a whole number, not a list",
        ]
      ),
      ("rollout: {soak: 0s}", ["23:19: error: 'soak' has to be at least 1s"]),
      (
        "rollout: {approval: nodes, failureBudget: -1}",
        [
          "23:23: error: 'approval' has to be run or wave or node, not 'nodes'. Did you mean 'node'?",
          "23:45: error: 'failureBudget' has to be from 0 to 1000, not -1",
        ]
      ),
      (
        "rollout:\n  windows:\n    - {days: [], from: 22:00, to: 22:00, timeZone: Europe/Berlim}\n    - {days: [sat, sat, day], from: 9:00, to: 24:00}",
        [
          "25:16: error: 'days' is empty", "25:37: error: the window ends when it begins",
          "25:54: error: there is no time zone 'Europe/Berlim'. Use a name of the time zone database, such as UTC or Europe/Berlin.",
          "26:9: error: a window needs the key 'timeZone'", "26:22: error: sat is given twice",
          "26:27: error: an item of 'days' has to be mon or tue or wed or thu or fri or sat or sun, not 'day'",
          "26:39: error: '9:00' is not a time of day. Write it with two digits each, from 00:00 to 23:59.",
          "26:49: error: '24:00' is not a time of day. Write it with two digits each, from 00:00 to 23:59.",
        ]
      ),
    ])
  func wrong(policy: String, expected: [String]) {
    #expect(problems(policy) == expected.map { "i.yaml:" + $0 })
  }
}
