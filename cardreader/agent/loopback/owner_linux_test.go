// SPDX-License-Identifier: Apache-2.0

package loopback

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

const heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

// row is one line of the table, as a little-endian machine writes it.
func row(local, remote, state string, user, inode int) string {
	return fmt.Sprintf("   1: %s %s %s 00000000:00000000 00:00000000 00000000  %d        0 %d 1 00000000414fe493 100 0 0 10 0\n", local, remote, state, user, inode)
}

func TestFindOwner(t *testing.T) {
	if parseEnd("0100007F:60A2") != netip.MustParseAddrPort("127.0.0.1:24738") {
		t.Fatal("the rows are written for a little-endian machine")
	}
	const agent4, page4 = "0100007F:60A2", "0100007F:C001"
	const agent6, page6 = "00000000000000000000000001000000:60A2", "00000000000000000000000001000000:C001"
	const mappedAgent, mappedPage = "0000000000000000FFFF00000100007F:60A2", "0000000000000000FFFF00000100007F:C001"
	four, six := "127.0.0.1:49153 127.0.0.1:24738", "[::1]:49153 [::1]:24738"
	for _, c := range []struct {
		name, table, ends string
		want              found
	}{
		{"theirs", row(page4, agent4, "01", 1000, 7), four, found{known: true, user: 1000}},
		{"root's", row(page4, agent4, "01", 0, 7), four, found{known: true, user: 0}},
		{"over IPv6", row(page6, agent6, "01", 1001, 7), six, found{known: true, user: 1001}},
		{"an IPv6 socket to an IPv4 address", row(mappedPage, mappedAgent, "01", 1001, 7), four, found{known: true, user: 1001}},
		{"behind others", row(agent4, page4, "01", 1, 7) + row(page4, "0100007F:60A3", "01", 2, 7) + row(page4, agent4, "01", 3, 7), four, found{known: true, user: 3}},
		{"half closed", row(page4, agent4, "05", 1000, 7), four, found{known: true, user: 1000}},
		{"closed", row(page4, agent4, "05", 0, 0), four, found{known: true, gone: true}},
		{"a shadow of a connection", row(page4, agent4, "06", 0, 0), four, found{known: true, gone: true}},
		{"not there", row(agent4, page4, "01", 1000, 7), four, found{}},
		{"the other family", row(page4, agent4, "01", 1000, 7), six, found{}},
		{"no table", "", four, found{}},
		{"not a number", strings.Replace(row(page4, agent4, "01", 77, 7), " 77 ", " -1 ", 1), four, found{}},
		{"cut line", row(page4, agent4, "01", 1000, 7)[:60], four, found{}},
		{"odd address", row("zz:1", agent4, "01", 1000, 7) + row("01:C001", agent4, "01", 1000, 7) + row(page4+"0", agent4, "01", 1000, 7), four, found{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			remote, local, _ := strings.Cut(c.ends, " ")
			if got := findOwner(strings.NewReader(heading+c.table), netip.MustParseAddrPort(remote), netip.MustParseAddrPort(local)); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// A page reaches whoever listens on 127.0.0.1, and where nobody does, whoever listens on every address.
func TestFindListener(t *testing.T) {
	const nobody, every4, every6 = "00000000:0000", "00000000:60A2", "00000000000000000000000000000000:60A2"
	const agent4, mapped = "0100007F:60A2", "0000000000000000FFFF00000100007F:60A2"
	for _, c := range []struct {
		name, table string
		want        found
		exact       bool
	}{
		{"the address itself", row(agent4, nobody, "0A", 1000, 7), found{known: true, user: 1000}, true},
		{"the address in IPv6's writing", row(mapped, nobody, "0A", 1001, 7), found{known: true, user: 1001}, true},
		{"every address", row(every4, nobody, "0A", 1002, 7), found{known: true, user: 1002}, false},
		{"every address of both families", row(every6, nobody, "0A", 1003, 7), found{known: true, user: 1003}, false},
		{"the exact one goes first", row(every4, nobody, "0A", 1002, 7) + row(agent4, nobody, "0A", 1000, 7), found{known: true, user: 1000}, true},
		{"another address", row("0200007F:60A2", nobody, "0A", 1000, 7), found{}, false},
		{"another port", row("0100007F:60A3", nobody, "0A", 1000, 7), found{}, false},
		{"a connection", row(agent4, "0100007F:C001", "01", 1000, 7), found{}, false},
		{"not a number", strings.Replace(row(agent4, nobody, "0A", 77, 7), " 77 ", " -1 ", 1), found{}, false},
		{"cut line", row(agent4, nobody, "0A", 1000, 7)[:60], found{}, false},
		{"nobody", "", found{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, exact := findListener(strings.NewReader(heading+c.table), 0x60a2); got != c.want || exact != c.exact {
				t.Errorf("got %+v, %v, want %+v, %v", got, exact, c.want, c.exact)
			}
		})
	}
}

// One's own socket is one's own, also in the real tables, and a free port is nobody's.
func TestHeldByAnother(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if o := listener(uint16(port)); !o.known || o.user != ownUser() || HeldByAnother(port) {
		t.Errorf("one's own: %+v", o)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, port := range []int{port, 0, -1, 70000} {
		if HeldByAnother(port) {
			t.Errorf("port %d is somebody's", port)
		}
	}
}

func TestIsForeign(t *testing.T) {
	for _, c := range []struct {
		name string
		o    found
		want bool
	}{
		{"own", found{known: true, user: 1000}, false},
		{"another's", found{known: true, user: 1001}, true},
		{"root's", found{known: true}, true},
		{"somebody's outside of this user namespace", found{known: true, user: 65534}, true},
		{"gone", found{known: true, gone: true}, true},
		{"not told", found{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := isForeign(c.o, 1000); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// In a user namespace of its own, as the packaged service is in, the agent still knows its own person, and tells others from them.
func TestOwnerInAUserNamespace(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	page, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = page.Close() }()
	program, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = program.Close() }()
	for _, c := range []struct {
		name    string
		inside  int // this process's user, in the namespace
		outside int // whom it is outside
		want    string
	}{
		{"own", os.Geteuid(), os.Geteuid(), "own"},
		{"another", 4321, 4321, "foreign"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.outside != os.Geteuid() && os.Geteuid() != 0 {
				return // only the system may become another user
			}
			cmd := exec.CommandContext(t.Context(), "/proc/self/fd/3", "-test.run=^TestAskOwner$")
			cmd.ExtraFiles = []*os.File{program} // whose folder another user may not enter
			cmd.Env = append(os.Environ(), "ZAVER_ENDS="+page.LocalAddr().String()+" "+l.Addr().String())
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: c.inside, HostID: c.outside, Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{ContainerID: c.inside, HostID: c.outside, Size: 1}},
				Credential:  &syscall.Credential{Uid: uint32(c.inside), Gid: uint32(c.inside), NoSetGroups: true}}
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.HasPrefix(string(out), c.want+"\n") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// TestAskOwner is the process in the namespace.
func TestAskOwner(t *testing.T) {
	remote, local, asked := strings.Cut(os.Getenv("ZAVER_ENDS"), " ")
	if !asked {
		return
	}
	o := owner(netip.MustParseAddrPort(remote), netip.MustParseAddrPort(local))
	switch {
	case !o.known:
		fmt.Println("unknown")
	case isForeign(o, ownUser()):
		fmt.Println("foreign")
	default:
		fmt.Println("own")
	}
}

// The system tells of a real connection: that it is this process's own.
func TestOwnerOfARealConnection(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(address, func(t *testing.T) {
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
			if err != nil {
				if strings.Contains(address, "::") && !hasIPv6Loopback() {
					return // this machine has no IPv6
				}
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			page, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = page.Close() }()
			got := owner(netip.MustParseAddrPort(page.LocalAddr().String()), netip.MustParseAddrPort(page.RemoteAddr().String()))
			if want := (found{known: true, user: uint32(os.Geteuid())}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}
