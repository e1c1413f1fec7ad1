import PawlContracts
import PawlKube
import PawlSteps
import Testing

@testable import PawlCLI

/// The port's contract over real TLS and HTTP, with an API server's answers from a script. The same contract runs on a
/// real API server in the lab's tests.
@Suite(
  "The API server behind the port",
  .enabled(if: StubServer.isPossible, StubServer.obstacle ?? "python3 and openssl are needed"))
struct KubeClusterTests {
  @Test("keeps the contract of the port", arguments: ClusterClientContract.names)
  func contract(name: String) async throws {
    let stub = try await Stub(routes: Script.changes(for: name) + Script.evictions(for: name) + Script.routes)
    let subject = ClusterClientContract.Subject(
      client: KubeCluster(try KubeClient(configuration: stub.configuration())), worker: "worker-1",
      evictable: ("shop", "app=cart"), guarded: ("shop", "app=db"),
      daemonSet: ("kube-system", "kube-proxy"), volume: ("worker-1", "pv-1", "shop", "data-db-1"),
      disk: "kubernetes.io/aws-ebs/vol-1")
    try await ClusterClientContract.run(name, on: subject)
  }

  @Test("A change is bound to the node's version when one is given")
  func bindsToVersions() async throws {
    let stub = try await Stub(
      Stub.Route("/api/v1/nodes/a", method: "PATCH", .json(#"{"metadata":{"name":"a"}}"#)))
    try await KubeCluster(try stub.client()).patchNode(
      named: "a", unschedulable: true, annotations: [:], resourceVersion: "7")
    #expect(try await stub.log().last?.body.contains(#""resourceVersion":"7""#) == true)
  }

  @Test("A 429 blames a budget only when it names one")
  func tellsBudgetsFromLoad() async throws {
    let details = #"{"causes":[{"reason":"DisruptionBudget","message":"x"}]}"#
    let stub = try await Stub(
      .init("/api/v1", EvictionTests.resources("v1")),
      .init(
        EvictionTests.path + "/eviction", method: "POST",
        .failure(429, "TooManyRequests", "Cannot evict", details: details),
        .failure(429, "TooManyRequests", "Too busy")))
    let cluster = KubeCluster(try stub.client())
    let pod = ClusterPod(namespace: "n", name: "p", uid: "u", node: nil)
    for (message, isBudget) in [("Cannot evict", true), ("Too busy", false)] {
      #expect(
        try await cluster.evict(pod, gracePeriodSeconds: nil)
          == .blocked(message: message, retryAfterSeconds: nil, isBudget: isBudget))
    }
  }

  @Test("What a driver says of a volume that it can't detach is told")
  func detachErrors() async throws {
    let item =
      #"{"metadata":{"name":"a"},"spec":{"nodeName":"w","source":{"persistentVolumeName":"pv-1"}},"status":{"detachError":{"message":"busy"}}}"#
    let stub = try await Stub(
      .init("/apis/storage.k8s.io/v1/volumeattachments", .json(#"{"metadata":{},"items":[\#(item)]}"#)))
    let cluster = KubeCluster(try stub.client())
    #expect(try await cluster.detachErrors(node: "w") == ["pv-1": "busy"])
    #expect(try await cluster.detachErrors(node: "x").isEmpty)
  }

  @Test(
    "A claim's volume is known by its own name, and by the name that its in-tree plugin gives it",
    arguments: [
      (#""csi":{"driver":"x","volumeHandle":"vol-1"}"#, []),
      (#""hostPath":{"path":"/none"}"#, []),
      (
        #""awsElasticBlockStore":{"volumeID":"aws://a/vol-1"}"#,
        [.named("kubernetes.io/aws-ebs/aws://a/vol-1")]
      ),
      (#""azureDisk":null,"gcePersistentDisk":{"pdName":"d"}"#, [.named("kubernetes.io/gce-pd/d")]),
      (#""azureDisk":{"diskName":"d","diskURI":"/s/d"}"#, [.named("kubernetes.io/azure-disk//s/d")]),
      (#""cinder":{"volumeID":"c"}"#, [.named("kubernetes.io/cinder/c")]),
      (#""vsphereVolume":{"volumePath":"[s] d.vmdk"}"#, [.named("kubernetes.io/vsphere-volume/[s] d.vmdk")]),
      (#""iscsi":{"targetPortal":"p","iqn":"q","lun":0}"#, [.unnamed(prefix: "kubernetes.io/iscsi/")]),
      (#""rbd":{"monitors":["m"],"image":"i"}"#, [.unnamed(prefix: "kubernetes.io/rbd/")]),
      (#""fc":{"wwids":["w"]}"#, [.unnamed(prefix: "kubernetes.io/fc/")]),
      (#""flexVolume":{"driver":"k8s/x"}"#, [.unnamed(prefix: "flexvolume-")]),
    ] as [(String, [ClusterVolume])])
  func volumeNames(source: String, names: [ClusterVolume]) async throws {
    let stub = try await Stub(
      .init("/api/v1/namespaces/n/persistentvolumeclaims/c", .json(Script.claim("c", of: "pv-1"))),
      .init("/api/v1/persistentvolumes/pv-1", .json(#"{"metadata":{"name":"pv-1"},"spec":{\#(source)}}"#)),
      .init(
        "/api/v1/namespaces/n/pods/p",
        .json(
          #"{"metadata":{"name":"p","namespace":"n"},"spec":{"volumes":[{"name":"v",\#(source)}]},"status":{}}"#
        )))
    let cluster = KubeCluster(try stub.client())
    #expect(try await cluster.volumes(namespace: "n", claim: "c") == [.named("pv-1")] + names)
    #expect(try await cluster.pod(namespace: "n", name: "p", uid: nil)?.disks == names)
  }

  @Test("An in-tree volume is waited for by a watch of the node, and one of CSI by its attachment alone")
  func detaching() async throws {
    let (path, query) = ("/api/v1/nodes", ["fieldSelector": "metadata.name=w"])
    let before = Script.node("w", attached: ["kubernetes.io/csi/x^h", "kubernetes.io/aws-ebs/vol-1"])
    let after = Script.node("w", attached: ["kubernetes.io/csi/x^h"])
    let stub = try await Stub(
      .init("/apis/storage.k8s.io/v1/volumeattachments", .json(#"{"metadata":{},"items":[]}"#)),
      .init(
        path, query: ["watch": "true"], .lines([#"{"type":"MODIFIED","object":\#(after)}"#], then: "hang")),
      .init(path, query: query, Script.list(before)), .init(path + "/w", .json(before)))
    let cluster = KubeCluster(try stub.client())
    #expect(try await cluster.attachedVolumes(node: "w") == ["kubernetes.io/aws-ebs/vol-1"])
    let asked = try await stub.log().count
    #expect(asked == 2)
    try await cluster.waitForDetachedVolumes(node: "w", timeoutSeconds: 60) { _ in false }
    #expect(try await stub.log().dropFirst(asked).map { $0.query["watch"] } == [nil, nil, "true"])
  }

  @Test("The grace of a deletion, a node's version and a budget's trouble are told")
  func details() async throws {
    let pod =
      #"{"metadata":{"name":"p","namespace":"n","deletionTimestamp":"2026-01-01T00:00:00Z","deletionGracePeriodSeconds":3600},"spec":{},"status":{}}"#
    let budget =
      #"{"metadata":{"name":"b","namespace":"n"},"spec":{},"status":{"conditions":[{"type":"DisruptionAllowed","status":"False","reason":"SyncFailed","message":"no controllers"}]}}"#
    let stub = try await Stub(
      .init("/api/v1/namespaces/n/pods/p", .json(pod)),
      .init("/api/v1/nodes/a", .json(#"{"metadata":{"name":"a","resourceVersion":"7"}}"#)),
      .init("/apis/policy", .json(#"{"versions":[{"version":"v1"}]}"#)),
      .init("/apis/policy/v1/poddisruptionbudgets", .json(#"{"metadata":{},"items":[\#(budget)]}"#)))
    let cluster = KubeCluster(try stub.client())
    let found = try await cluster.pod(namespace: "n", name: "p", uid: nil)
    #expect(found?.terminating == true && found?.deletionGraceSeconds == 3600)
    #expect(try await cluster.node(named: "a")?.resourceVersion == "7")
    #expect(try await cluster.budgets().map(\.syncFailure) == ["no controllers"])
  }

  @Test(
    "Every refusal has its counterpart among the port's codes",
    arguments: [
      (401, ClusterError.Code.unauthorized), (403, .forbidden), (404, .notFound), (409, .conflict),
      (422, .failed),
    ])
  func refusals(status: Int, code: ClusterError.Code) async throws {
    let stub = try await Stub(
      Stub.Route("/api/v1/nodes/a", method: "PATCH", .failure(status, "Reason", "It is so.")))
    let cluster = KubeCluster(try stub.client())
    let error = await #expect(throws: ClusterError.self) {
      try await cluster.patchNode(named: "a", unschedulable: true, annotations: [:])
    }
    #expect(error?.code == code)
    #expect(error?.message.contains("It is so.") == true)
  }

  @Test("A server that hangs up all the time can't be reached")
  func hangsUp() async throws {
    let stub = try await Stub(Stub.Route("/api/v1/nodes", .hangUp))
    let cluster = KubeCluster(try stub.client())
    let error = await #expect(throws: ClusterError.self) { try await cluster.nodes() }
    #expect(error?.code == .unreachable)
  }

  @Test("A version that is none is named")
  func oddVersion() async throws {
    let stub = try await Stub(
      Stub.Route("/version", .json(#"{"major":"1","minor":"19","gitVersion":"newest"}"#)))
    let cluster = KubeCluster(try stub.client())
    let error = await #expect(throws: ClusterError.self) { try await cluster.serverVersion() }
    #expect(error?.code == .failed && error?.message.contains("newest") == true)
  }
}

/// A small cluster's answers.
private enum Script {
  static let cart = pod("cart-1", in: "shop", labels: #"{"app":"cart"}"#)
  static let database = pod("db-1", in: "shop", labels: #"{"app":"db"}"#)
  static let apiServer = pod(
    "kube-apiserver-cp-1", in: "kube-system", on: "cp-1",
    labels: #"{"component":"kube-apiserver","tier":"control-plane"}"#, owner: "Node")

  static let dns = pod(
    "coredns-1-a", in: "kube-system", labels: #"{"k8s-app":"kube-dns"}"#, ownerName: "coredns-1")

  static let routes: [Stub.Route] = [
    .init("/version", .json(#"{"major":"1","minor":"20","gitVersion":"v1.20.15"}"#)),
    .init("/readyz", .json("ok")),
    .init("/api/v1/nodes", query: ["watch": "true"], .silence),
    .init(
      "/api/v1/nodes", query: ["fieldSelector": "metadata.name=worker-1"],
      list(node("worker-1", attached: ["kubernetes.io/aws-ebs/vol-1"]))),
    .init("/api/v1/nodes", query: ["fieldSelector": "metadata.name=no-such-node"], list()),
    .init("/api/v1/nodes", list(node("cp-1", labels: controlPlane), node("worker-1"))),
    // What the worker is after each of the contract's three changes.
    .init(
      "/api/v1/nodes/worker-1",
      .json(
        node(
          "worker-1", annotations: #"{"pawl.dev/contract":"a \"quoted\" text"}"#, unschedulable: true)),
      .json(node("worker-1", unschedulable: true)), .json(node("worker-1"))),
    .init("/api/v1/nodes/worker-1", method: "PATCH", .json(node("worker-1"))),
    .init("/api/v1/pods", query: ["watch": "true"], deletion(of: cart)),
    .init("/api/v1/pods", query: ["fieldSelector": "spec.nodeName=worker-1"], list(cart, database)),
    .init(
      "/api/v1/namespaces/kube-system/pods", query: ["labelSelector": "component=etcd"], list()),
    .init(
      "/api/v1/namespaces/kube-system/pods",
      query: ["labelSelector": "component=kube-apiserver,tier=control-plane"], list(apiServer)),
    .init("/api/v1/namespaces/kube-system/pods", list(apiServer, dns)),
    .init("/api/v1/namespaces/no-such-namespace/pods", list()),
    .init("/api/v1/namespaces/shop/pods", query: ["labelSelector": "app=cart"], list(cart)),
    .init("/api/v1/namespaces/shop/pods", query: ["labelSelector": "app=db"], list(database)),
    .init("/api/v1/namespaces/shop/pods/cart-1", .json(cart)),
    .init("/api/v1/namespaces/shop/pods/db-1", .json(database)),
    .init("/apis/storage.k8s.io/v1/volumeattachments", query: ["watch": "true"], .silence),
    .init(
      "/apis/storage.k8s.io/v1/volumeattachments",
      list(
        attachment("a", of: #""persistentVolumeName":"pv-1""#, to: "worker-1"),
        attachment("b", of: #""persistentVolumeName":"pv-2""#, to: "cp-1"),
        attachment("c", of: #""inlineVolumeSpec":{}"#, to: "worker-1"))),
    .init(
      "/api/v1/namespaces/shop/persistentvolumeclaims/data-db-1",
      .json(claim("data-db-1", of: "pv-1"))),
    .init("/api/v1/persistentvolumes/pv-1", .json(#"{"metadata":{"name":"pv-1"},"spec":{"csi":{}}}"#)),
    .init("/apis/policy", .json(#"{"versions":[{"version":"v1beta1"}]}"#)),
    .init(
      "/apis/policy/v1beta1/poddisruptionbudgets",
      list(
        #"{"metadata":{"name":"db","namespace":"shop"},"spec":{},"status":{"disruptionsAllowed":0,"currentHealthy":1,"desiredHealthy":1,"expectedPods":1}}"#
      )),
    .init(
      "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy",
      .json(
        #"{"metadata":{"name":"kube-proxy","namespace":"kube-system"},"spec":{},"status":{"desiredNumberScheduled":2,"numberReady":1}}"#
      )),
    .init(
      "/apis/apps/v1/namespaces/kube-system/deployments/coredns",
      .json(#"{"metadata":{"name":"coredns"},"spec":{"replicas":2},"status":{"readyReplicas":1}}"#)),
    .init(
      "/apis/apps/v1/namespaces/kube-system/replicasets/coredns-1",
      .json(
        #"{"metadata":{"name":"coredns-1","ownerReferences":[{"apiVersion":"apps/v1","uid":"o","kind":"Deployment","name":"coredns","controller":true}]},"spec":{"replicas":2},"status":{"readyReplicas":1}}"#
      )),
  ]

  /// What the worker is where it is read by its name: with a volume, or after each of the changes that are bound to
  /// its version.
  static func changes(for name: String) -> [Stub.Route] {
    if name.contains("volume") {
      return [
        .init("/api/v1/nodes/worker-1", .json(node("worker-1", attached: ["kubernetes.io/aws-ebs/vol-1"])))
      ]
    }
    guard name.contains("changed since") else { return [] }
    let marked = node("worker-1", annotations: #"{"pawl.dev/contract":"first"}"#, version: "2")
    let bare = node("worker-1", version: "3")
    return [
      .init("/api/v1/nodes/worker-1", .json(node("worker-1")), .json(marked), .json(bare)),
      .init(
        "/api/v1/nodes/worker-1", method: "PATCH", .json(marked), .failure(409, "Conflict", "modified"),
        .json(bare)),
    ]
  }

  /// The answers to evictions; those of the cart's pod depend on the case.
  static func evictions(for name: String) -> [Stub.Route] {
    let path = "/api/v1/namespaces/shop/pods"
    let success = Stub.Reply.json(#"{"kind":"Status","status":"Success"}"#, status: 201)
    var cart = Stub.Route(
      path + "/cart-1/eviction", method: "POST", success, .failure(404, "NotFound", "not found"))
    if name.contains("UID") {
      cart.replies = [.failure(409, "Conflict", "the UID in the precondition differs")]
    }
    let notFound = Stub.Reply.failure(404, "NotFound", "not found")
    let deletion: [Stub.Route] =
      name.contains("no grace")
      ? [.init(path + "/cart-1", method: "DELETE", success, notFound), .init(path + "/cart-1", notFound)] : []
    let blocked = Stub.Reply.failure(429, "TooManyRequests", "Cannot evict pod")
    return deletion + [
      .init("/api/v1", EvictionTests.resources("v1beta1")), cart,
      .init(path + "/db-1/eviction", method: "POST", blocked),
    ]
  }

  private static let controlPlane = #"{"node-role.kubernetes.io/control-plane":""}"#

  static func claim(_ name: String, of volume: String) -> String {
    #"{"metadata":{"name":"\#(name)"},"spec":{"volumeName":"\#(volume)"}}"#
  }

  static func list(_ items: String...) -> Stub.Reply {
    .json(#"{"metadata":{"resourceVersion":"1"},"items":[\#(items.joined(separator: ","))]}"#)
  }

  private static func deletion(of object: String) -> Stub.Reply {
    .lines([#"{"type":"DELETED","object":\#(object)}"#], then: "hang")
  }

  private static func attachment(_ name: String, of source: String, to node: String) -> String {
    #"{"metadata":{"name":"\#(name)"},"spec":{"attacher":"x","nodeName":"\#(node)","source":{\#(source)}}}"#
  }

  static func node(
    _ name: String, labels: String = "{}", annotations: String = "{}", unschedulable: Bool = false,
    version: String = "1", attached: [String] = []
  ) -> String {
    let volumes = attached.map { #"{"name":"\#($0)","devicePath":""}"# }.joined(separator: ",")
    return
      #"{"metadata":{"name":"\#(name)","resourceVersion":"\#(version)","labels":\#(labels),"annotations":\#(annotations)},"spec":{"unschedulable":\#(unschedulable)},"status":{"nodeInfo":{"kubeletVersion":"v1.19.16"},"volumesAttached":[\#(volumes)],"conditions":[{"type":"Ready","status":"True"}]}}"#
  }

  private static func pod(
    _ name: String, in namespace: String, on node: String = "worker-1", labels: String,
    owner: String = "ReplicaSet", ownerName: String = "o"
  ) -> String {
    #"{"metadata":{"name":"\#(name)","namespace":"\#(namespace)","uid":"uid-\#(name)","labels":\#(labels),"ownerReferences":[{"apiVersion":"v1","uid":"o","kind":"\#(owner)","name":"\#(ownerName)","controller":true}]},"spec":{"nodeName":"\#(node)"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}"#
  }
}
