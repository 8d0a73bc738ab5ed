// SPDX-License-Identifier: Apache-2.0

package words

import "context"

type personKey struct{}

// To returns a context of work that is done for a person who reads l, for what speaks to people by itself: a reader's keypad.
func To(ctx context.Context, l Language) context.Context {
	return context.WithValue(ctx, personKey{}, l)
}

// Of is the language of the person for whom the work of ctx is done, Russian where nobody said.
func Of(ctx context.Context) Language {
	if l, said := ctx.Value(personKey{}).(Language); said && l.Known() {
		return l
	}
	return Russian
}
