using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Draws people: a jointed body in three dimensions, turned and seen from afar, whose limbs are drawn from the farthest to the nearest.
/// Left and right can be told apart: the left sleeve and the left leg are striped and the left shoe is bright, on the right they are dark.
/// The unit is the height of the body; x is to the person's left, y down, z to the front.
/// </summary>
internal sealed class SceneFigure
{
    // The joints by their places in COCO's skeleton; those of the right side follow those of the left.
    private const int Nose = 0,
        Eye = 1,
        Ear = 3,
        Shoulder = 5,
        Elbow = 7,
        Wrist = 9,
        Hip = 11,
        Knee = 13,
        Ankle = 15;

    private const double HeadRadius = 0.1;

    private readonly RandomStream _random;
    private readonly List<(double Depth, ScenePart Part)> _parts = [];
    private readonly Spot?[] _joints = new Spot?[SkeletonDefinition.Coco.Joints.Length];
    private readonly double _sin;
    private readonly double _cos;
    private readonly double _turn;

    private readonly SceneColor _skin;
    private readonly SceneColor _hair;
    private readonly SceneColor _shirt;
    private readonly SceneColor _trousers;

    private SceneFigure(RandomStream random)
    {
        _random = random;
        // Most look towards us, some away, some to a side.
        double kind = random.NextDouble();
        _turn =
            kind < 0.7 ? random.NextDouble(-55, 55)
            : kind < 0.85 ? random.NextDouble(135, 225)
            : random.NextDouble(55, 100) * Side(random.NextInt(2));
        (_sin, _cos) = ExactAngle.SinCos(_turn);
        _skin = SceneColor.FromHsv(random.NextDouble(0.03, 0.1), random.NextDouble(0.25, 0.6), random.NextDouble(0.4, 1));
        _hair = SceneColor.FromHsv(random.NextDouble(0, 0.13), random.NextDouble(0.2, 0.8), random.NextDouble(0.08, 0.6));
        _shirt = SceneColor.FromHsv(random.NextDouble(), random.NextDouble(0.2, 0.9), random.NextDouble(0.5, 0.95));
        _trousers = SceneColor.FromHsv(random.NextDouble(), random.NextDouble(0.2, 0.8), random.NextDouble(0.35, 0.85));
    }

    private readonly record struct Place(double X, double Y, double Z)
    {
        public Place Plus(Place other, double times = 1) => new(X + (other.X * times), Y + (other.Y * times), Z + (other.Z * times));
    }

    /// <summary>Draws a person; chance decides about pose, direction and clothes.</summary>
    public static SceneThing Draw(RandomStream random, int classIndex)
    {
        var figure = new SceneFigure(random);
        figure.Body();
        ScenePart[] parts = [.. figure._parts.OrderBy(part => part.Depth).Select(part => part.Part)];
        return new SceneThing(classIndex, parts) { Joints = figure._joints };
    }

    private static double Side(int number) => number == 0 ? 1 : -1;

    private void Body()
    {
        (double leanSin, double leanCos) = ExactAngle.SinCos(_random.NextDouble(-15, 15));
        (double bowSin, double bowCos) = ExactAngle.SinCos(_random.NextDouble(-5, 20));
        Place up = new(leanSin, -leanCos * bowCos, leanCos * bowSin),
            across = new(leanCos, leanSin, 0);
        Place chest = new Place(0, 0, 0).Plus(up, 0.28);
        Place[] shoulders = [chest.Plus(across, 0.13), chest.Plus(across, -0.13)],
            hips = [new Place(0.078, 0, 0), new Place(-0.078, 0, 0)];
        for (int side = 0; side < 2; side++)
        {
            Arm(side, shoulders[side]);
            Leg(side, hips[side]);
        }

        Torso(shoulders, hips, chest);
        Head(chest, chest.Plus(up, 0.155));
    }

    private void Torso(Place[] shoulders, Place[] hips, Place chest)
    {
        var paint = new ScenePaint(
            _shirt,
            _shirt.Towards(SceneColor.Gray(40), 0.25),
            _random.NextBool(0.3) ? ScenePattern.Checks : ScenePattern.Plain,
            0.06
        )
        {
            Depth = 0.09,
        };
        Add(0, paint, 0.05, Bits(Shoulder) | Bits(Hip), shoulders[0], shoulders[1], hips[1], hips[0]);
        var belt = new ScenePaint(_trousers.Times(0.8)) { Depth = 0.06 };
        Add(0.001, belt, 0.05, Bits(Hip), hips[0], hips[1]);
        // The front has a light seam.
        Place front = new(0, 0, 0.09);
        if (_cos > 0.15)
            Add(0.002, new ScenePaint(SceneColor.Gray(235)), 0.011, 0, chest.Plus(front), new Place(0, -0.06, 0).Plus(front));
    }

    private void Arm(int side, Place shoulder)
    {
        double lift = _random.NextDouble(8, 165),
            forward = _random.NextDouble(-15, 60),
            bend = _random.NextDouble(-10, 110);
        Place elbow = shoulder.Plus(Direction(lift, forward), 0.155),
            wrist = elbow.Plus(Direction(lift + bend, forward + (bend * 0.25)), 0.145),
            hand = wrist.Plus(Direction(lift + bend, forward + (bend * 0.25)), 0.03);
        ScenePaint sleeve = Cloth(_shirt, side),
            skin = new(_skin) { Depth = 0.03 };
        // An arm beside the body lies before it, not within.
        const double Nearer = 0.02;
        Limb(shoulder, elbow, Nearer, sleeve, 0.04, Bit(Shoulder, side) | Bit(Elbow, side));
        Limb(elbow, wrist, Nearer + 0.002, _random.NextBool(0.5) ? sleeve : skin, 0.031, Bit(Elbow, side) | Bit(Wrist, side));
        Add(Depth(hand) + Nearer + 0.004, skin, 0.034, Bit(Wrist, side), hand);
        Mark(Shoulder, side, shoulder);
        Mark(Elbow, side, elbow);
        Mark(Wrist, side, wrist);

        // Down, outwards by the first angle, to the front by the second.
        Place Direction(double outwards, double front)
        {
            (double sin, double cos) = ExactAngle.SinCos(outwards);
            (double frontSin, double frontCos) = ExactAngle.SinCos(front);
            return new Place(Side(side) * sin * frontCos, cos, sin * frontSin);
        }
    }

    private void Leg(int side, Place hip)
    {
        double spread = _random.NextDouble(0, 32),
            forward = _random.NextBool(0.75) ? _random.NextDouble(-22, 40) : _random.NextDouble(40, 85),
            bend = _random.NextDouble(0, 30) + (Math.Max(0, forward) * 0.8);
        Place knee = hip.Plus(Direction(forward), 0.225),
            ankle = knee.Plus(Direction(forward - bend), 0.215),
            toe = ankle.Plus(new Place(Side(side) * 0.025, 0.028, 0.055));
        ScenePaint cloth = Cloth(_trousers, side);
        Limb(hip, knee, -0.01, cloth, 0.056, Bit(Hip, side) | Bit(Knee, side));
        Limb(knee, ankle, -0.008, cloth, 0.042, Bit(Knee, side) | Bit(Ankle, side));
        var shoe = new ScenePaint(side == 0 ? SceneColor.Gray(235) : SceneColor.Gray(35)) { Depth = 0.03 };
        Limb(ankle.Plus(new Place(0, 0.02, 0)), toe, 0, shoe, 0.036, Bit(Ankle, side));
        Mark(Hip, side, hip);
        Mark(Knee, side, knee);
        Mark(Ankle, side, ankle);

        Place Direction(double front)
        {
            (double sin, double cos) = ExactAngle.SinCos(spread);
            (double frontSin, double frontCos) = ExactAngle.SinCos(front);
            return new Place(Side(side) * sin, cos * frontCos, cos * frontSin);
        }
    }

    private void Head(Place chest, Place center)
    {
        Limb(chest, center, 0.003, new ScenePaint(_skin.Times(0.85)) { Depth = 0.03 }, 0.04, 0);
        (double sin, double cos) = ExactAngle.SinCos(_turn + _random.NextDouble(-25, 25));
        Spot middle = Seen(center);
        // In front of the arms' usual depth, so that hands cover a face only when they are held before it.
        double depth = Depth(center) + 0.05;
        _parts.Add((depth, new ScenePart(new ScenePaint(_hair) { Depth = 0.05 }, HeadRadius, middle)));
        if (cos > -0.3)
        {
            double radius = HeadRadius * (0.58 + (0.28 * Math.Max(0, cos)));
            var face = new ScenePaint(_skin) { Depth = 0.05 };
            _parts.Add((depth + 0.001, new ScenePart(face, radius, OnHead(0.42 * sin, 0.12))));
        }

        for (int side = 0; side < 2; side++)
        {
            (double x, double z) = OnSphere(Side(side), 0.05);
            if (z > -0.25)
                Feature(Ear + side, OnHead(x * 1.02, 0.12), 0.03, new ScenePaint(_skin.Times(0.8)) { Depth = 0.03 }, 0.002);
            (x, z) = OnSphere(Side(side) * 0.42, 0.9);
            if (z < 0.2)
                continue;
            Feature(Eye + side, OnHead(x, -0.05), 0.024, new ScenePaint(SceneColor.Gray(245)), 0.003);
            Feature(Eye + side, OnHead(x, -0.05), 0.014, new ScenePaint(SceneColor.Gray(25)), 0.004);
        }

        (double tip, double front) = OnSphere(0, 1.02);
        if (front > 0.1)
        {
            Feature(Nose, OnHead(tip, 0.25), 0.019, new ScenePaint(_skin.Towards(new SceneColor(225, 70, 50), 0.6)), 0.005);
            _parts.Add((depth + 0.0045, new ScenePart(new ScenePaint(new SceneColor(150, 40, 45)), 0.01, OnHead(tip * 0.8, 0.58))));
        }

        (double X, double Z) OnSphere(double left, double ahead) => ((left * cos) + (ahead * sin), (ahead * cos) - (left * sin));

        Spot OnHead(double x, double y) => new(middle.X + (x * HeadRadius), middle.Y + (y * HeadRadius));

        void Feature(int joint, Spot at, double radius, ScenePaint paint, double nearer)
        {
            _parts.Add((depth + nearer, new ScenePart(paint, radius, at) { Joints = 1 << joint }));
            _joints[joint] = at;
        }
    }

    // The left side is striped and the right side dark, whatever the color.
    private static ScenePaint Cloth(SceneColor color, int side) =>
        side == 0
            ? new ScenePaint(color, color.Towards(SceneColor.Gray(255), 0.6), ScenePattern.Stripes, 0.05) { Depth = 0.04 }
            : new ScenePaint(color.Times(0.55)) { Depth = 0.04 };

    private static int Bit(int joint, int side) => 1 << (joint + side);

    private static int Bits(int joint) => 3 << joint;

    private Spot Seen(Place place) => new((place.X * _cos) + (place.Z * _sin), place.Y);

    private double Depth(Place place) => (place.Z * _cos) - (place.X * _sin);

    private void Mark(int joint, int side, Place place) => _joints[joint + side] = Seen(place);

    private void Limb(Place from, Place to, double nearer, ScenePaint paint, double radius, int joints) =>
        Add(((Depth(from) + Depth(to)) / 2) + nearer, paint, radius, joints, from, to);

    private void Add(double depth, ScenePaint paint, double radius, int joints, params Place[] places) =>
        _parts.Add((depth, new ScenePart(paint, radius, [.. places.Select(Seen)]) { Joints = joints }));
}
