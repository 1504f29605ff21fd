"""Health: doctors' appointments, symptoms and what helps, and recorded measurements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codeact.evals.apibank.apis.calendar import said, timed
from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.refusal import NOT_A_DAY, ApiRefusal
from codeact.evals.apibank.spelling import day, folded, moment, nearest, same_day

TAKEN = "{name} is registered for {day} already."
NO_APPOINTMENT = "There is no appointment with the number {number!r}."
NONE_FOUND = "No appointment of {name!r} on {day} was found."
UNCHANGED = "The appointment is with that doctor on that day already."
NO_SYMPTOM = "Nothing is known about {symptom!r}."
NO_PATIENT = "There are no data of the user {user!r}."
BACKWARDS = "The period ends before it begins."
NO_ITEMS = "Health data are a list of objects with name and value, each name once."


def _dated(text: str) -> str:
    if day(text) is None:
        raise ApiRefusal(NOT_A_DAY.format(text=text))
    return text


@dataclass(frozen=True, slots=True)
class Appointments:
    world: ApiWorld

    def register(self, patient_name: str, date: str, doctor_name: str) -> str:
        """Register a patient with a doctor on a date, YYYY-MM-DD; gives a number."""
        said("patient_name", patient_name)
        said("doctor_name", doctor_name)
        if self._found(patient_name, _dated(date)):
            raise ApiRefusal(TAKEN.format(name=patient_name, day=date))
        number = self.world.draw(8)
        row = {"patient_name": patient_name, "date": date, "doctor_name": doctor_name}
        self._rows[number] = row
        return number

    def cancel(self, appointment_id: str) -> str:
        """Cancel the appointment with this number."""
        self._row(appointment_id)
        del self._rows[appointment_id]
        return "success"

    def change(
        self, appointment_id: str, new_appointment_date: str, new_appointment_doctor: str
    ) -> str:
        """Give the appointment with this number another date, YYYY-MM-DD, or doctor."""
        row = self._row(appointment_id)
        said("new_appointment_doctor", new_appointment_doctor)
        same = folded(row["doctor_name"]) == folded(new_appointment_doctor)
        if same and same_day(row["date"], _dated(new_appointment_date)):
            raise ApiRefusal(UNCHANGED)
        row.update(date=new_appointment_date, doctor_name=new_appointment_doctor)
        return "success"

    def query(self, patient_name: str, date: str) -> dict[str, Any]:
        """The appointments of a patient on a date, YYYY-MM-DD, by their numbers."""
        found = self._found(patient_name, _dated(date))
        if not found:
            raise ApiRefusal(NONE_FOUND.format(name=patient_name, day=date))
        return found

    @property
    def _rows(self) -> dict[str, Any]:
        return self.world.tables["Appointments"]  # type: ignore[no-any-return]

    def _row(self, number: str) -> dict[str, Any]:
        if number not in self._rows:
            raise ApiRefusal(NO_APPOINTMENT.format(number=number))
        return self._rows[number]  # type: ignore[no-any-return]

    def _found(self, patient: str, date: str) -> dict[str, Any]:
        return {
            number: row
            for number, row in self._rows.items()
            if folded(row["patient_name"]) == folded(patient) and same_day(row["date"], date)
        }


@dataclass(frozen=True, slots=True)
class Symptoms:
    world: ApiWorld

    def search(self, symptom: str) -> list[dict[str, str]]:
        """Diseases that a symptom, such as fever or a rash, may point to, with descriptions."""
        return self._found(symptom, "description")

    def aid(self, symptom: str) -> list[dict[str, str]]:
        """First aid and other help in an emergency, by symptom."""
        return self._found(symptom, "aid")

    def _found(self, symptom: str, told: str) -> list[dict[str, str]]:
        known = self.world.library["Symptom"]
        name = nearest(said("symptom", symptom), known)
        if name is None:
            raise ApiRefusal(NO_SYMPTOM.format(symptom=symptom))
        return [{"name": each["name"], told: each[told]} for each in known[name]]


@dataclass(frozen=True, slots=True)
class HealthData:
    world: ApiWorld

    def record(self, user_id: str, time: str, health_data: list[dict[str, str]]) -> str:
        """Record measurements of a user: a list of objects with name and value, such as
        {'name': 'heart_rate', 'value': '80'}. The time is YYYY-MM-DD HH:MM:SS.
        """
        names = [each.get("name") for each in health_data]
        whole = all(set(each) == {"name", "value"} for each in health_data)
        if not health_data or not whole or len(set(names)) < len(names):
            raise ApiRefusal(NO_ITEMS)
        row = {"time": timed(time)} | {each["name"]: each["value"] for each in health_data}
        self._rows.setdefault(said("user_id", user_id), []).append(row)
        return "success"

    def query(self, user_id: str, start_time: str, end_time: str) -> list[dict[str, Any]]:
        """The measurements of a user in a period; its ends are YYYY-MM-DD HH:MM:SS."""
        if user_id not in self._rows:
            raise ApiRefusal(NO_PATIENT.format(user=user_id))
        start, end = moment(timed(start_time)), moment(timed(end_time))
        if start is None or end is None or start > end:
            raise ApiRefusal(BACKWARDS)
        found = []
        for row in self._rows[user_id]:
            taken = moment(row["time"])
            if taken is not None and start <= taken <= end:
                found.append(row)
        return found

    @property
    def _rows(self) -> dict[str, Any]:
        return self.world.tables["HealthData"]  # type: ignore[no-any-return]
