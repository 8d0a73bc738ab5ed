// SPDX-License-Identifier: Apache-2.0

package streebog_test

import (
	"fmt"
	"testing"

	"zaver/signature/gost/streebog"
)

func BenchmarkSum256(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 8 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			message := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				streebog.Sum256(message)
			}
		})
	}
}

func BenchmarkSum512(b *testing.B) {
	message := make([]byte, 8<<10)
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		streebog.Sum512(message)
	}
}
