import PawlEngine
import PawlModel
import PawlPlan

/// Plans of a given shape; their steps do nothing.
enum BenchPlan {
  /// Each step after the one before.
  static func chain(_ count: Int) -> Plan {
    make((0..<count).map { (step($0, host: nil), $0 == 0 ? [] : [id($0 - 1)]) })
  }

  /// Steps that need nothing, and one that needs them all.
  static func wide(_ count: Int) -> Plan {
    make((0..<count).map { (step($0, host: nil), []) } + [(step(count, host: nil), (0..<count).map(id))])
  }

  /// Each host with its own chain of steps.
  static func hosts(_ hosts: Int, steps: Int) -> Plan {
    make(
      (0..<hosts).flatMap { host in
        (0..<steps).map { number in
          let index = host * steps + number
          return (step(index, host: "worker-\(host)"), number == 0 ? [] : [id(index - 1)])
        }
      })
  }

  /// What each step gives.
  static let outcome = StepOutcome("Installed kubelet 1.30.14-1.1.", changed: true)

  /// Hosts at a port where nobody listens.
  static func inventory(_ hosts: Int, kubeconfig: String) -> Inventory {
    Inventory(
      name: "bench", kubernetes: KubernetesAccess(kubeconfig: kubeconfig),
      ssh: SSHAccess(user: "bench", port: 1),
      hosts: (0..<hosts).map { Host(name: "worker-\($0)", address: "127.0.0.1", roles: [.worker]) })
  }

  /// The way to an API server.
  static func kubeconfig(_ url: String) -> String {
    """
    apiVersion: v1
    kind: Config
    clusters: [{name: bench, cluster: {server: "\(url)"}}]
    users: [{name: bench, user: {}}]
    contexts: [{name: bench, context: {cluster: bench, user: bench}}]
    current-context: bench
    """
  }

  /// What the API server has: enough to take the cluster's lock.
  static let objects = #"""
    {"/api/v1/namespaces/kube-system": {"metadata": {"name": "kube-system", "uid": "bench"}}}
    """#

  private static func id(_ number: Int) -> StepID { StepID("1.30/install-kubelet/\(number)") }

  private static func step(_ number: Int, host: String?) -> PlanStep {
    PlanStep(
      id: id(number), title: "Install kubelet and kubectl 1.30.14 (\(number))", uses: "apt/install@v1",
      host: host,
      path: ["1.30", "workers"], needs: [],
      with: [
        "packages": .list([.string("kubelet"), .string("kubectl")]), "version": .string("1.30.14"),
        "exact": .map(["kubelet": .string("1.30.14-1.1"), "kubectl": .string("1.30.14-1.1")]),
      ], retry: RetryPolicy(attempts: 4), timeoutSeconds: 900, reversibility: .final, estimateSeconds: 20,
      effects: [])
  }

  private static func make(_ steps: [(step: PlanStep, needs: [StepID])]) -> Plan {
    Plan(
      cluster: "bench", runbook: RunbookReference(name: "bench", version: "1", digest: "0"), inputs: [:],
      title: "Bench", versions: [],
      steps: steps.map { entry in
        var step = entry.step
        step.needs = entry.needs
        return step
      }, skipped: [], notes: [], basis: [:])
  }
}
