// SPDX-License-Identifier: Apache-2.0

package people

import "time"

// TokenHolder is a citizen whom all registers know; confirms by a signature token.
func TokenHolder() Person {
	return Person{
		Key:         "vera",
		About:       "a citizen whom all registers know; confirms by a signature token",
		Surname:     "Светлова",
		Given:       "Вера",
		Patronymic:  "Андреевна",
		Gender:      Female,
		BirthDate:   day(1987, time.March, 14),
		BirthPlace:  "гор. Тверь",
		Citizenship: "RUS",
		SNILS:       "15847620194",
		INN:         "770158392056",
		Passport: Passport{
			Series:   "4509",
			Number:   "123456",
			Issued:   day(2009, time.April, 22),
			IssuedBy: "ОВД по району Выдуманный города Москвы",
			Division: "770001",
		},
		Phone:    "+79001000001",
		Email:    "vera.svetlova@example.org",
		Address:  "125009, г. Москва, ул. Примерная, д. 1, кв. 11",
		Password: "Ясная-Поляна-1987",
		PINs: PINs{
			Token: "12345678",
			SO:    "87654321",
			Card1: "1234",
			Card2: "123456",
			PUK:   "87654321",
		},
		Registers: Registers{SNILSMatches: true, PassportValid: true, INNMatches: true},
	}
}

// CardHolder is a citizen whom all registers know, with the letter ё in the name; confirms by a UEC card.
func CardHolder() Person {
	return Person{
		Key:         "pavel",
		About:       "a citizen whom all registers know, with the letter ё in the name; confirms by a UEC card",
		Surname:     "Ёлкин",
		Given:       "Павел",
		Patronymic:  "Семёнович",
		Gender:      Male,
		BirthDate:   day(1979, time.November, 2),
		BirthPlace:  "гор. Псков",
		Citizenship: "RUS",
		SNILS:       "16392045871",
		INN:         "781264037510",
		Passport: Passport{
			Series:   "6024",
			Number:   "017382",
			Issued:   day(2024, time.November, 20),
			IssuedBy: "УМВД России по Выдуманной области",
			Division: "610005",
		},
		Phone:    "+79001000002",
		Email:    "pavel.elkin@example.org",
		Address:  "180000, г. Псков, ул. Пробная, д. 2, кв. 7",
		Password: "Берёзовый-Сок-1979",
		PINs: PINs{
			Token: "22345678",
			SO:    "87654322",
			Card1: "2234",
			Card2: "223456",
			PUK:   "87654322",
		},
		Registers: Registers{SNILSMatches: true, PassportValid: true, INNMatches: true},
	}
}

// Entrepreneur is an individual entrepreneur with a double surname.
func Entrepreneur() Person {
	return Person{
		Key:         "timur",
		About:       "an individual entrepreneur with a double surname",
		Surname:     "Белов-Озерский",
		Given:       "Тимур",
		Patronymic:  "Игоревич",
		Gender:      Male,
		BirthDate:   day(1990, time.July, 30),
		BirthPlace:  "гор. Казань",
		Citizenship: "RUS",
		SNILS:       "12738509473",
		INN:         "502471836097",
		Passport: Passport{
			Series:   "9210",
			Number:   "554320",
			Issued:   day(2010, time.August, 17),
			IssuedBy: "ОУФМС России по Выдуманной республике",
			Division: "160004",
		},
		Phone:    "+79001000003",
		Email:    "timur.belov@example.org",
		Address:  "420111, г. Казань, ул. Образцовая, д. 3",
		Password: "Синий-Троллейбус-90",
		OGRNIP:   "316774600218473",
		PINs: PINs{
			Token: "32345678",
			SO:    "87654323",
			Card1: "3234",
			Card2: "323456",
			PUK:   "87654323",
		},
		Registers: Registers{SNILSMatches: true, PassportValid: true, INNMatches: true},
	}
}

// Head is the head of a legal entity.
func Head() Person {
	return Person{
		Key:         "olga",
		About:       "the head of a legal entity",
		Surname:     "Мельникова",
		Given:       "Ольга",
		Patronymic:  "Павловна",
		Gender:      Female,
		BirthDate:   day(1975, time.January, 19),
		BirthPlace:  "гор. Омск",
		Citizenship: "RUS",
		SNILS:       "14920387671",
		INN:         "772830615456",
		Passport: Passport{
			Series:   "5220",
			Number:   "300417",
			Issued:   day(2020, time.February, 4),
			IssuedBy: "УМВД России по Выдуманной области",
			Division: "550003",
		},
		Phone:    "+79001000004",
		Email:    "olga.melnikova@example.org",
		Address:  "644099, г. Омск, ул. Учебная, д. 4, кв. 40",
		Password: "Тихая-Гавань-1975",
		Organisation: &Organisation{
			Name:      "ООО «Северный ветер»",
			OGRN:      "1187746005732",
			INN:       "7715839020",
			KPP:       "771501001",
			HeadTitle: "Генеральный директор",
			Region:    "77 г. Москва",
			Locality:  "Москва",
			Street:    "ул. Примерная, д. 5",
		},
		PINs: PINs{
			Token: "42345678",
			SO:    "87654324",
			Card1: "4234",
			Card2: "423456",
			PUK:   "87654324",
		},
		Registers: Registers{SNILSMatches: true, PassportValid: true, INNMatches: true},
	}
}

// SNILSRefused is a citizen whose SNILS the pension fund does not confirm.
func SNILSRefused() Person {
	return Person{
		Key:         "denis",
		About:       "a citizen whose SNILS the pension fund does not confirm",
		Surname:     "Громов",
		Given:       "Денис",
		Patronymic:  "Олегович",
		Gender:      Male,
		BirthDate:   day(1993, time.May, 8),
		BirthPlace:  "гор. Пермь",
		Citizenship: "RUS",
		SNILS:       "17165093267",
		INN:         "770349281798",
		Passport: Passport{
			Series:   "5713",
			Number:   "664201",
			Issued:   day(2013, time.June, 3),
			IssuedBy: "ОУФМС России по Выдуманному краю",
			Division: "590002",
		},
		Phone:    "+79001000005",
		Email:    "denis.gromov@example.org",
		Address:  "614000, г. Пермь, ул. Опытная, д. 6, кв. 66",
		Password: "Громкий-Оркестр-93",
		PINs: PINs{
			Token: "52345678",
			SO:    "87654325",
			Card1: "5234",
			Card2: "523456",
			PUK:   "87654325",
		},
		Registers: Registers{SNILSMatches: false, PassportValid: true, INNMatches: true},
	}
}

// PassportRefused is a citizen whose passport the interior ministry lists as invalid.
func PassportRefused() Person {
	return Person{
		Key:         "nina",
		About:       "a citizen whose passport the interior ministry lists as invalid",
		Surname:     "Юрьева",
		Given:       "Нина",
		Patronymic:  "Михайловна",
		Gender:      Female,
		BirthDate:   day(1968, time.September, 27),
		BirthPlace:  "гор. Тула",
		Citizenship: "RUS",
		SNILS:       "13579824000",
		INN:         "780593726182",
		Passport: Passport{
			Series:   "7013",
			Number:   "990118",
			Issued:   day(2013, time.October, 11),
			IssuedBy: "ОУФМС России по Выдуманной области",
			Division: "710006",
		},
		Phone:    "+79001000006",
		Email:    "nina.yureva@example.org",
		Address:  "300000, г. Тула, ул. Условная, д. 7, кв. 70",
		Password: "Пряник-Самовар-68",
		PINs: PINs{
			Token: "62345678",
			SO:    "87654326",
			Card1: "6234",
			Card2: "623456",
			PUK:   "87654326",
		},
		Registers: Registers{SNILSMatches: true, PassportValid: false, INNMatches: true},
	}
}

// Stranger is a citizen without a patronymic; her certificate is presented for other people's accounts.
func Stranger() Person {
	return Person{
		Key:         "kim",
		About:       "a citizen without a patronymic; her certificate is presented for other people's accounts",
		Surname:     "Ким",
		Given:       "Алиса",
		Patronymic:  "",
		Gender:      Female,
		BirthDate:   day(1998, time.December, 1),
		BirthPlace:  "гор. Хабаровск",
		Citizenship: "RUS",
		SNILS:       "18246071568",
		INN:         "773618504377",
		Passport: Passport{
			Series:   "0818",
			Number:   "201956",
			Issued:   day(2018, time.December, 25),
			IssuedBy: "УМВД России по Выдуманному краю",
			Division: "270001",
		},
		Phone:    "+79001000007",
		Email:    "alisa.kim@example.org",
		Address:  "680000, г. Хабаровск, ул. Чужая, д. 8",
		Password: "Дальний-Восток-98",
		PINs: PINs{
			Token: "72345678",
			SO:    "87654327",
			Card1: "7234",
			Card2: "723456",
			PUK:   "87654327",
		},
		Registers: Registers{SNILSMatches: true, PassportValid: true, INNMatches: true},
	}
}
