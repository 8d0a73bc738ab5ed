// SPDX-License-Identifier: Apache-2.0

// Package faultmodule alone owns the PKCS#11 module that misbehaves on order: it passes every call to another module and crashes, hangs, lies or
// counts down PIN tries where it is told to. Its C source is compiled with gcc when a test or the demo needs it.
//
// Each installed copy has orders of its own in a file beside it, read whenever a process loads it, so copies can misbehave
// differently at the same time. A Module belongs to one goroutine.
package faultmodule

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed src
var source embed.FS

// Order is one order to the module.
type Order string

// Orders without arguments.
const (
	Chatty       Order = "chatty"            // prints to standard output at every call
	Empty        Order = "empty"             // certificate objects without a value are there, too
	Duplicate    Order = "duplicate"         // every object is found twice
	Endless      Order = "endless"           // a search for objects never ends
	NoKeyID      Order = "no_id"             // private keys have no CKA_ID
	BarePoint    Order = "bare_point"        // CKA_EC_POINT lacks its OCTET STRING
	Swapped      Order = "signature=swapped" // the halves of a signature change places
	DER          Order = "signature=der"     // ECDSA signatures come as DER already
	SlotsSplit   Order = "slots=split"       // each of the two slot lists lacks a slot that the other has
	SlotsGrowing Order = "slots=growing"     // a slot appears between the two calls that read the list
	SlotsTwice   Order = "slots=twice"       // every slot is listed twice
	FlagLow      Order = "flag=low"          // USER_PIN_COUNT_LOW
	FlagFinal    Order = "flag=final"        // USER_PIN_FINAL_TRY
	FlagLocked   Order = "flag=locked"       // USER_PIN_LOCKED
	FlagChange   Order = "flag=change"       // USER_PIN_TO_BE_CHANGED
	FlagNoPIN    Order = "flag=no_pin"       // USER_PIN_INITIALIZED is missing
	Silent       Order = "silent"            // Tries is counted, but no flag tells
	PadCancel    Order = "pad=cancel"        // protected path; the person presses the red key

	SlotsShrinking Order = "slots=shrinking" // all slots but one are gone between the two calls that read the list
	SlotsVanishing Order = "slots=vanishing" // a slot is gone after its first description
	SlotsGhosts    Order = "slots=ghosts"    // slots are listed that nobody can describe
	FlagSOLow      Order = "flag=so_low"     // SO_PIN_COUNT_LOW
	FlagSOFinal    Order = "flag=so_final"   // SO_PIN_FINAL_TRY
	FlagSOLocked   Order = "flag=so_locked"  // SO_PIN_LOCKED
	FlagSOChange   Order = "flag=so_change"  // SO_PIN_TO_BE_CHANGED
	LoginFirst     Order = "login_first"     // C_SetPIN wants a login before
	Bare           Order = "bare"            // no objects but that of Data

	GarbageShort    Order = "garbage=short"    // numbers of three bytes
	GarbageHuge     Order = "garbage=huge"     // values of 2^40 bytes
	GarbageBig      Order = "garbage=big"      // values of a megabyte
	GarbageMinus    Order = "garbage=minus"    // values of -1 bytes, with CKR_OK
	GarbageNegative Order = "garbage=negative" // values of 2^31 + 1 bytes
	GarbageRubbish  Order = "garbage=rubbish"  // values of 500 bytes without meaning
)

// Calls are those that package pkcs11 makes and that Crash, Exit, Hang, Fail, Slow and Leak know.
func Calls() []string {
	return []string{"C_GetFunctionList", "C_Initialize", "C_GetSlotList", "C_GetSlotInfo", "C_GetTokenInfo", "C_OpenSession", "C_FindObjectsInit", "C_FindObjects",
		"C_FindObjectsFinal", "C_GetAttributeValue", "C_Login", "C_SignInit", "C_Sign", "C_Logout", "C_CloseSession", "C_Finalize",
		"C_SetPIN", "C_Login(so)", "C_InitPIN", "C_Login(context)"}
}

// Leak allocates memory without end in a call, and aborts when there is no more, as C++ does.
func Leak(call string) Order { return Order("leak=" + call) }

// SOTries gives the security officer's PIN n tries, counted like Tries.
func SOTries(n int) Order { return Order(fmt.Sprintf("so_tries=%d", n)) }

// Model makes tokens say that they are of that model, at most 16 bytes.
func Model(name string) Order { return Order("model=" + name) }

// Twins makes all tokens say that they have the same label and serial number.
func Twins() []Order { return []Order{"label=twin", "serial=1"} }

// Reader is the description of every slot, at most 64 bytes.
func Reader(name string) Order { return Order("reader=" + name) }

// Data puts a data object with that label on every token.
func Data(label string) Order { return Order("data=" + label) }

// PadNew makes a protected authentication path on which the person types that PIN, then the new one; the security officer types so.
func PadNew(pin, so, fresh string) []Order {
	return []Order{Pad(pin), Order("pad_so=" + so), Order("pad_new=" + fresh)}
}

// Crash ends the process with a segmentation fault in a call: "C_Sign".
func Crash(call string) Order { return Order("crash=" + call) }

// Exit ends the process quietly in a call.
func Exit(call string) Order { return Order("exit=" + call) }

// Hang never returns from a call.
func Hang(call string) Order { return Order("hang=" + call) }

// Fail returns a value of CK_RV from a call: 0x32 is CKR_DEVICE_REMOVED.
func Fail(call string, rv uint) Order { return Order(fmt.Sprintf("fail=%s:%#x", call, rv)) }

// Slow delays a call by milliseconds.
func Slow(call string, ms int) Order { return Order(fmt.Sprintf("slow=%s:%d", call, ms)) }

// Tries gives the user's PIN n tries, counted over all processes; each right PIN restores them.
func Tries(n int) Order { return Order(fmt.Sprintf("tries=%d", n)) }

// Pad makes a protected authentication path on which the person types that PIN.
func Pad(pin string) Order { return Order("pad=" + pin) }

// AlwaysAuthenticate makes private keys want the PIN at every use; hidden keys do not say so.
func AlwaysAuthenticate(pin string, hidden bool) []Order {
	value := "always=shown"
	if hidden {
		value = "always=hidden"
	}
	return []Order{Order(value), Order("pin=" + pin)}
}

// Compiled is the library as gcc made it.
type Compiled struct{ path string }

// Compile compiles the module into a directory; what an earlier one left there is replaced.
func Compile(ctx context.Context, dir string) (*Compiled, error) {
	src := filepath.Join(dir, "src")
	if err := os.RemoveAll(src); err != nil {
		return nil, fmt.Errorf("write fault module's source: %w", err)
	}
	if err := os.CopyFS(dir, source); err != nil {
		return nil, fmt.Errorf("write fault module's source: %w", err)
	}
	parts, err := filepath.Glob(filepath.Join(src, "*.c")) // sorted: two builds give the same bytes
	if err != nil {
		return nil, err
	}
	c := &Compiled{path: filepath.Join(dir, "fault.so")}
	args := append([]string{"-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-cast-function-type", "-fPIC", "-fvisibility=hidden", "-shared", "-O1", "-o", c.path}, parts...)
	cmd := exec.CommandContext(ctx, "gcc", append(args, "-ldl")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile fault module: %w: %s", err, out)
	}
	return c, nil
}

// Module is one installed copy.
type Module struct {
	path, library string
	read          int // bytes of the log that Calls has returned
}

// Install copies the module to a path and lets it pass its calls to a library; tokens are found as that library finds them. All files that the module
// writes are made here: it makes none, so that their folder can be removed while a process that loaded it still ends.
func (c *Compiled) Install(path, library string, orders ...Order) (*Module, error) {
	b, err := os.ReadFile(c.path)
	if err != nil {
		return nil, fmt.Errorf("install fault module: %w", err)
	}
	if err := os.WriteFile(path, b, 0o700); err != nil {
		return nil, fmt.Errorf("install fault module: %w", err)
	}
	for _, written := range []string{".log", ".tries", ".so_tries"} {
		if err := os.WriteFile(path+written, nil, 0o600); err != nil {
			return nil, fmt.Errorf("install fault module: %w", err)
		}
	}
	m := &Module{path: path, library: library}
	return m, m.Set(orders...)
}

// Path is the module's library.
func (m *Module) Path() string { return m.path }

// Set replaces all orders; a process that has loaded the module already keeps its own until it ends. The count of tries stays.
func (m *Module) Set(orders ...Order) error {
	lines := []string{"library=" + m.library, "log=" + m.path + ".log"}
	for _, o := range orders {
		lines = append(lines, string(o))
	}
	if err := os.WriteFile(m.path+".faults", []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return fmt.Errorf("order faults: %w", err)
	}
	return nil
}

// SetTries says how many tries the user's PIN has left, as wrong ones would; it matters under the order Tries only.
func (m *Module) SetTries(n int) error {
	if err := os.WriteFile(m.path+".tries", fmt.Appendf(nil, "%d\n", n), 0o600); err != nil {
		return fmt.Errorf("set tries: %w", err)
	}
	return nil
}

// Tries returns how many tries the user's PIN has left by the module's count, -1 when it has not counted yet.
func (m *Module) Tries() int {
	b, err := os.ReadFile(m.path + ".tries")
	if err != nil {
		return -1
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return -1
	}
	return n
}

// Calls returns the names of the calls since the last Calls, a login for one use as "C_Login(context)".
func (m *Module) Calls() ([]string, error) {
	b, err := os.ReadFile(m.path + ".log")
	if err != nil {
		return nil, fmt.Errorf("read the module's calls: %w", err)
	}
	whole := bytes.LastIndexByte(b, '\n') + 1
	fresh := b[m.read:whole]
	m.read = whole
	return strings.Fields(string(fresh)), nil
}
