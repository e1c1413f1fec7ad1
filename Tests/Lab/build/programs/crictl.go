// crictl is a stand-in for the tool of that name, which Debian has no package
// of: the commands that kubeadm calls, spoken to the real container runtime.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
)

const usage = `usage: crictl [-r ENDPOINT] COMMAND
commands: info, pods [-q], ps [-q], images, inspecti IMAGE, pull IMAGE, stopp POD…, rmp POD…`

type client struct {
	runtime cri.RuntimeServiceClient
	images  cri.ImageServiceClient
}

func main() {
	endpoint := flag.String("r", "unix:///run/containerd/containerd.sock", "address of the container runtime")
	flag.Parse()
	if flag.NArg() == 0 {
		fail(fmt.Errorf("%s", usage))
	}
	address := *endpoint
	if !strings.Contains(address, "://") {
		address = "unix://" + address
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	connection, err := grpc.DialContext(ctx, address, grpc.WithInsecure(), grpc.WithBlock())
	if err != nil {
		fail(fmt.Errorf("no container runtime answers at %s: %v", address, err))
	}
	defer connection.Close()
	c := client{cri.NewRuntimeServiceClient(connection), cri.NewImageServiceClient(connection)}
	if err := c.run(ctx, flag.Arg(0), flag.Args()[1:]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func (c client) run(ctx context.Context, command string, arguments []string) error {
	switch command {
	case "info":
		return c.info(ctx)
	case "pods":
		return c.pods(ctx, quiet(arguments))
	case "ps":
		return c.containers(ctx, quiet(arguments))
	case "images":
		return c.listImages(ctx)
	case "inspecti", "pull", "stopp", "rmp":
		if len(arguments) == 0 {
			return fmt.Errorf("%s needs a name", command)
		}
		for _, name := range arguments {
			if err := c.runOn(ctx, command, name); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("unknown command %q\n%s", command, usage)
}

func (c client) runOn(ctx context.Context, command, name string) error {
	switch command {
	case "inspecti":
		return c.inspectImage(ctx, name)
	case "pull":
		answer, err := c.images.PullImage(ctx, &cri.PullImageRequest{Image: &cri.ImageSpec{Image: name}})
		if err == nil {
			fmt.Println("Image is up to date for", answer.ImageRef)
		}
		return err
	case "stopp":
		_, err := c.runtime.StopPodSandbox(ctx, &cri.StopPodSandboxRequest{PodSandboxId: name})
		return err
	default:
		_, err := c.runtime.RemovePodSandbox(ctx, &cri.RemovePodSandboxRequest{PodSandboxId: name})
		return err
	}
}

func quiet(arguments []string) bool {
	for _, argument := range arguments {
		if argument == "-q" || argument == "--quiet" {
			return true
		}
	}
	return false
}

func (c client) info(ctx context.Context) error {
	answer, err := c.runtime.Status(ctx, &cri.StatusRequest{})
	if err != nil {
		return err
	}
	return printJSON(answer.Status)
}

func (c client) pods(ctx context.Context, quiet bool) error {
	answer, err := c.runtime.ListPodSandbox(ctx, &cri.ListPodSandboxRequest{})
	if err != nil {
		return err
	}
	for _, pod := range answer.Items {
		if quiet {
			fmt.Println(pod.Id)
		} else {
			fmt.Println(pod.Id, pod.State, pod.Metadata.Namespace, pod.Metadata.Name)
		}
	}
	return nil
}

func (c client) containers(ctx context.Context, quiet bool) error {
	answer, err := c.runtime.ListContainers(ctx, &cri.ListContainersRequest{})
	if err != nil {
		return err
	}
	for _, container := range answer.Containers {
		if quiet {
			fmt.Println(container.Id)
		} else {
			fmt.Println(container.Id, container.State, container.Metadata.Name, container.Metadata.Attempt)
		}
	}
	return nil
}

func (c client) listImages(ctx context.Context) error {
	answer, err := c.images.ListImages(ctx, &cri.ListImagesRequest{})
	if err != nil {
		return err
	}
	for _, image := range answer.Images {
		fmt.Println(strings.Join(image.RepoTags, ","), image.Id)
	}
	return nil
}

func (c client) inspectImage(ctx context.Context, name string) error {
	answer, err := c.images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}})
	if err != nil {
		return err
	}
	if answer.Image == nil {
		return fmt.Errorf("no such image %q present", name)
	}
	return printJSON(answer.Image)
}

func printJSON(value interface{}) error {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
