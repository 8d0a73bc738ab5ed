// SPDX-License-Identifier: Apache-2.0

package people

import (
	"fmt"
	"strconv"
	"time"
)

// MostNumbered is the last number that Numbered knows.
const MostNumbered = 999_999

// numberedSNILS and numberedSeries begin the numbers of numbered people; those of the others lie elsewhere.
const (
	numberedSNILS  = 300_000_000
	numberedSeries = "4599"
)

// Names of numbered people: male, female.
var (
	surnames    = [][2]string{{"Соколов", "Соколова"}, {"Ершов", "Ершова"}, {"Ковалёв", "Ковалёва"}, {"Лебедев", "Лебедева"}, {"Заря-Полев", "Заря-Полева"}, {"Щукин", "Щукина"}, {"Юдин", "Юдина"}}
	givens      = [][2]string{{"Артём", "Анна"}, {"Борис", "Дарья"}, {"Глеб", "Елена"}, {"Илья", "Инна"}, {"Лев", "Майя"}}
	patronymics = [][2]string{{"Петрович", "Петровна"}, {"Ильич", "Ильинична"}, {"Фёдорович", "Фёдоровна"}}
)

// Numbered is one of many citizens whom all registers know and whose identifiers pass their check digits, for tests that
// need somebody of their own. n is 1 to MostNumbered; the same n is the same person everywhere.
func Numbered(n int) Person {
	if n < 1 || n > MostNumbered {
		panic(fmt.Sprintf("people: there is no number %d", n))
	}
	sex := n % 2 // 0 male, 1 female
	p := Person{
		Key:        fmt.Sprintf("n%06d", n),
		About:      "one of many citizens whom all registers know",
		Surname:    surnames[n%len(surnames)][sex],
		Given:      givens[n%len(givens)][sex],
		Patronymic: patronymics[n%len(patronymics)][sex],
		Gender:     Gender(1 + sex),
		BirthDate:  day(1985+n%15, time.Month(1+n%12), 1+n%28),
		BirthPlace: "гор. Пермь", Citizenship: "RUS",
		SNILS: withSNILSCheck(numberedSNILS + n),
		INN:   withINNCheck(fmt.Sprintf("7801%06d", n)),
		Passport: Passport{Series: numberedSeries, Number: fmt.Sprintf("%06d", n), Issued: day(2021, time.March, 1+n%28),
			IssuedBy: "ОВД по району Выдуманный города Перми", Division: "590009"},
		Phone: fmt.Sprintf("+79002%06d", n), Email: fmt.Sprintf("n%06d@example.org", n),
		Address:   fmt.Sprintf("614000, г. Пермь, ул. Счётная, д. %d", n),
		Password:  fmt.Sprintf("Счётная-Палочка-%d", n),
		PINs:      PINs{Token: fmt.Sprintf("11%06d", n), SO: "87654321", Card1: "4321", Card2: fmt.Sprintf("%06d", n), PUK: "12121212"},
		Registers: Registers{SNILSMatches: true, PassportValid: true, INNMatches: true},
	}
	return p
}

// numbered finds a numbered person by a number that begins at base.
func numbered(digits string, base int) (Person, bool) {
	n, err := strconv.Atoi(digits)
	if err != nil || n <= base || n > base+MostNumbered {
		return Person{}, false
	}
	return Numbered(n - base), true
}

// withSNILSCheck appends the two check digits: the sum of the nine digits, weighed 9 to 1, modulo 101, 100 as 00.
func withSNILSCheck(n int) string {
	digits, sum := fmt.Sprintf("%09d", n), 0
	for i, c := range digits {
		sum += int(c-'0') * (9 - i)
	}
	return fmt.Sprintf("%s%02d", digits, sum%101%100)
}

// withINNCheck appends the two check digits of a person's INN: weighed sums modulo 11 modulo 10.
func withINNCheck(ten string) string {
	for _, weights := range [][]int{{7, 2, 4, 10, 3, 5, 9, 4, 6, 8}, {3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}} {
		sum := 0
		for i, w := range weights {
			sum += int(ten[i]-'0') * w
		}
		ten += strconv.Itoa(sum % 11 % 10)
	}
	return ten
}
