// SPDX-License-Identifier: Apache-2.0

package robot

import "time"

// Ready is when the page that is shown had been loaded, by the browser's clock,
// which is this machine's.
func (r *Robot) Ready() (time.Time, error) {
	ms, err := ask[float64](r, "performance.timeOrigin + performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMicro(int64(ms * 1000)), nil
}
